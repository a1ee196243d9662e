"""Parts: the clean lines of one batch while it is being received, not yet in any segment."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from uuid import uuid4

from exporters.fastly.spool.files import create, disk_failed, write_at

SUFFIX = ".part"
IN_MEMORY = 8 * 1024 * 1024
"""Bytes that a part holds in memory; a longer one goes to a file."""
ALL_IN_MEMORY = 64 * 1024 * 1024
"""Bytes that all parts of a spool hold in memory; what comes then goes to files."""

_BLOCK = 1024 * 1024


class Memory:
    """Bytes of memory that parts may take, each in its own thread."""

    def __init__(self, size: int = ALL_IN_MEMORY) -> None:
        self._left = size
        self._lock = Lock()

    def take(self, size: int) -> bool:
        """Take bytes, if that many are left."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give(self, size: int) -> None:
        """Give bytes back."""
        with self._lock:
            self._left += size


class Part:
    """Takes blocks of whole lines, in any thread but one at a time; gone when it is closed."""

    def __init__(self, folder: Path, memory: Memory) -> None:
        self.size = 0
        self.taken = False
        """Whether the spool closes it."""
        self._path = folder / f"{uuid4().hex}{SUFFIX}"
        self._memory = memory
        self._blocks: list[bytes] = []
        self._file: int | None = None

    def close(self) -> None:
        """Forget the lines, unless they have become a file."""
        if self._file is None:
            self._memory.give(sum(map(len, self._blocks)))
            self._blocks.clear()
        else:
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None

    def write(self, lines: bytes) -> None:
        """Add lines; DiskFailed where the disk does not take them."""
        fits = self._file is None and self.size + len(lines) <= IN_MEMORY
        if fits and self._memory.take(len(lines)):
            self._blocks.append(lines)
            self.size += len(lines)
            return
        try:
            self._append(self._on_disk(), lines)
        except OSError as error:
            raise disk_failed(error) from error

    def _on_disk(self) -> int:
        """The part's file, which begins with what was in memory."""
        if self._file is None:
            self._file = create(self._path)
            blocks, self._blocks, self.size = self._blocks, [], 0
            self._memory.give(sum(map(len, blocks)))
            for block in blocks:
                self._append(self._file, block)
        return self._file

    def _append(self, file: int, block: bytes) -> None:
        self.size = write_at(file, block, self.size)

    def blocks(self) -> Iterator[bytes]:
        """Yield the lines, as they were written or in blocks of a megabyte."""
        if self._file is None:
            yield from self._blocks
            return
        offset = 0
        while block := os.pread(self._file, _BLOCK, offset):
            yield block
            offset += len(block)

    def become(self, path: Path) -> None:
        """Make the lines a file of this name, synced; OSError where that cannot be."""
        os.fdatasync(self._on_disk())
        self._path.rename(path)
