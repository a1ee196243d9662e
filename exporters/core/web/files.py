"""Files that somebody may replace while we run: read whole, and told apart from what they were."""

from collections.abc import Iterable, Mapping
from pathlib import Path

LARGEST = 1 << 20
"""Bytes; a bundle of every public authority has a quarter of that."""

Marks = Mapping[Path, tuple[int, ...] | None]


def read_whole(path: Path) -> bytes:
    """Return the content of a file; OSError, too, for a pipe, which would wait for ever."""
    if path.exists() and not path.is_file():
        raise OSError(0, "not a file")
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise OSError(0, "too large")
    return content


def marks(paths: Iterable[Path]) -> Marks:
    """Return what changes with the content of each file: its inode, size and times."""
    return {path: _mark(path) for path in paths}


def _mark(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def why(error: OSError) -> str:
    """Return the system's reason, without the path."""
    return f"cannot be read: {(error.strerror or 'no reason given').lower()}"
