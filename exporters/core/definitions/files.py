"""The files that hold definitions: found by patterns, told from their former selves, read."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import TypeAlias

LARGEST = 256 * 1024
"""Bytes of one file: two thousand definitions."""

Signature: TypeAlias = tuple[int, ...]
"""What differs when a file does. The file behind a symlink counts, and its inode: a config map
is swapped by a link, an editor writes a new file; ctime: a file may become readable."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file at the time of a look."""

    path: Path
    shown: str
    """Its path from the folder that all patterns share: short, and the same on every machine."""
    signature: Signature
    """Empty where nothing can be read there."""


@dataclass(frozen=True, slots=True)
class Look:
    """What there is at one time; equal to a later one while nothing changes."""

    found: tuple[Found, ...]
    """Every file that is there, and each that is named in full though it is not."""
    idle: tuple[str, ...]
    """The patterns that match nothing."""


class Patterns:
    """Paths and glob patterns, absolute ones, in the order in which they were given."""

    def __init__(self, patterns: Sequence[Path]) -> None:
        self._patterns = tuple(Path(os.path.abspath(p)) for p in patterns)  # noqa: PTH100  `..` goes, links stay
        folders = [_fixed(pattern).parent for pattern in self._patterns]
        self._root = os.path.commonpath(folders) if folders else ""

    def look(self) -> Look:
        """Look at the names, times and sizes; nothing is opened."""
        matches = {pattern: _matches(pattern) for pattern in self._patterns}
        paths = {path for several in matches.values() for path in several}
        found = sorted((Found(p, self._shown(p), _signature(p)) for p in paths), key=_by_name)
        idle = [self._shown(pattern) for pattern, several in matches.items() if not several]
        return Look(tuple(found), tuple(idle))

    def _shown(self, path: Path) -> str:
        return os.path.relpath(path, self._root)


def read(path: Path) -> tuple[str, str]:
    """Return a file's text and no problem, or no text and what is wrong."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
            return "", "is not a file"
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        return "", f"cannot be read: {(error.strerror or 'unknown error').lower()}"
    if len(content) > LARGEST:
        return "", f"is larger than {LARGEST // 1024} KiB"
    try:
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return "", "is not UTF-8 text"


def _fixed(pattern: Path) -> Path:
    """Return the folder in which the part of a pattern that may vary begins."""
    folder = pattern.parent
    while has_magic(str(folder)):
        folder = folder.parent
    return folder


def _matches(pattern: Path) -> list[Path]:
    if not has_magic(str(pattern)):
        return [pattern]
    return [Path(found) for found in glob(str(pattern), recursive=True)]  # noqa: PTH207  Path.glob wants a relative pattern


def _by_name(found: Found) -> str:
    return found.shown


def _signature(path: Path) -> Signature:
    try:
        seen = path.stat()
    except OSError:
        return ()
    return (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino, seen.st_dev)
