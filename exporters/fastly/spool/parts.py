"""Parts: the clean lines of one batch while it is being received, not yet in any segment."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from exporters.fastly.spool.files import create, disk_failed, write_at

SUFFIX = ".part"
IN_MEMORY = 1024 * 1024
"""Bytes that a part holds in memory; a longer one goes to a file."""

_BLOCK = 1024 * 1024


class Part:
    """Takes blocks of whole lines, in any thread but one at a time; gone when it is closed."""

    def __init__(self, folder: Path, in_memory: int = IN_MEMORY) -> None:
        self.size = 0
        self.taken = False
        """Whether the spool closes it."""
        self._path = folder / f"{uuid4().hex}{SUFFIX}"
        self._in_memory = in_memory
        self._blocks: list[bytes] = []
        self._file: int | None = None

    def close(self) -> None:
        """Forget the lines, unless they have become a file."""
        self._blocks.clear()
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None

    def write(self, lines: bytes) -> None:
        """Add lines; DiskFailed where the disk does not take them."""
        if self._file is None and self.size + len(lines) <= self._in_memory:
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
