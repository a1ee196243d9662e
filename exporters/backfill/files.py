"""What there is to read: files, folders, globs, and the objects of a bucket."""

import glob
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from io import FileIO
from pathlib import Path

from exporters.core.errors import SourceError
from exporters.fastly.bodies.threads import in_thread
from exporters.fastly.s3 import Bucket
from exporters.fastly.settings import S3Settings

BLOCK = 256 * 1024
_BURST = 16
"""Blocks of a local file that are read in one go: a change of threads for each would take long."""
SNAPPY = ".snappy"
"""How a file says that it is a raw snappy block, which nothing in it tells."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file of log lines, by the name that people know it by. Sizes are as it is stored."""

    name: str
    size: int
    bucket: Bucket | None = field(default=None, repr=False)
    key: str = ""
    """Its key in the bucket."""

    @property
    def encoding(self) -> str:
        """What is known of its compression by its name; the rest is seen when it is read."""
        return "snappy" if self.name.endswith(SNAPPY) else ""

    async def read(self, take: Callable[[bytes], object]) -> AsyncIterator[int]:
        """Give the content of a file of this machine, as it is stored, to `take` in worker threads.

        Yields how much that is. Raises OSError, and whatever `take` raises.
        """
        file = await in_thread(None, partial(FileIO, self.name))
        try:
            while taken := await in_thread(None, partial(_burst, file, take)):
                yield taken
        finally:
            file.close()


def _burst(file: FileIO, take: Callable[[bytes], object]) -> int:
    taken = 0
    for _ in range(_BURST):
        if not (block := file.read(BLOCK)):
            break
        taken += len(block)
        take(block)
    return taken


@dataclass(frozen=True, slots=True)
class Missing:
    """A path that leads to nothing, in words that say so."""

    problem: str


async def find(
    paths: Iterable[str], s3: S3Settings, ours: Path | None = None
) -> AsyncIterator[LogFile | Missing]:
    """Yield the files that some paths lead to, in the order of their names, each once.

    The folder `ours`, with its databases, is left out of those above it.
    """
    seen: set[str] = set()
    for path in paths:
        async for found in _bucket(path, s3) if path.startswith("s3://") else _local(path, ours):
            if isinstance(found, Missing) or found.name not in seen:
                yield found
            if isinstance(found, LogFile):
                seen.add(found.name)


async def _bucket(url: str, s3: S3Settings) -> AsyncIterator[LogFile | Missing]:
    name, _, _ = url.removeprefix("s3://").partition("/")
    if not name:
        yield Missing(f"{url}: wants a bucket and a prefix, such as s3://bucket/prefix")
        return
    bucket, empty = Bucket.open(url, s3), True
    try:
        async for each in bucket.list():
            empty = False
            yield LogFile(f"s3://{name}/{each.key}", each.size, bucket, each.key)
    except SourceError as error:
        yield Missing(f"{url}: {error}")
        return
    if empty:
        yield Missing(f"{url}: no objects there")


async def _local(path: str, ours: Path | None) -> AsyncIterator[LogFile | Missing]:
    for found in await in_thread(None, lambda: list(_found(path, ours))):
        yield found


def _found(path: str, ours: Path | None) -> Iterator[LogFile | Missing]:
    # A name that is there means itself, whatever characters it has.
    matches = [path] if os.path.lexists(path) else sorted(glob.glob(path, recursive=True))  # noqa: PTH207
    if not matches:
        yield Missing(f"{path}: no such file or folder")
    for match in matches:
        names = _walk(match, ours) if Path(match).is_dir() else [match]
        for name in names:
            try:
                yield LogFile(name, Path(name).stat().st_size)
            except OSError as error:
                yield Missing(f"{name}: {(error.strerror or 'cannot be read').lower()}")


def _walk(folder: str, ours: Path | None) -> Iterator[str]:
    """Yield the files under a folder, those of hidden names left out."""
    left_out = os.path.realpath(ours) if ours else ""
    for top, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(Path(top) / name) != left_out
        )
        for name in sorted(files):
            if not name.startswith("."):
                yield str(Path(top) / name)
