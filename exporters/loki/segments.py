"""The files of the queue: created, appended to with one sync, read record by record, removed."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from exporters.loki.records import HEAD_SIZE, Record, length, parse

SUFFIX = ".queue"
_MODE = 0o600  # lines may hold what is nobody else's


class Segment:
    """One file of records. `end` is where its last whole commit ends; behind it is nothing."""

    def __init__(self, path: Path, end: int = 0) -> None:
        self.path = path
        self.end = end
        self._file = -1

    def create(self) -> None:
        """Make the file, its name synced; OSError where that cannot be."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file = os.open(self.path, flags, _MODE)
        try:
            _sync_folder(self.path.parent)
        except OSError:
            self.close()
            self.path.unlink(missing_ok=True)
            raise

    def open(self) -> None:
        """Open a file that is there; its end is where it ends."""
        self._file = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        self.end = os.fstat(self._file).st_size

    def append(self, data: bytes) -> None:
        """Write and sync; OSError, and the file is as long as before, where that cannot be."""
        try:
            view, offset = memoryview(data), self.end
            while view:
                written = os.pwrite(self._file, view, offset)
                view, offset = view[written:], offset + written
            os.fdatasync(self._file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self.end)
            raise
        self.end += len(data)

    def read(self, offset: int) -> tuple[Record, int] | None:
        """Return the record at an offset and where it ends, or None where none is whole."""
        size = length(os.pread(self._file, HEAD_SIZE, offset))
        if size is None or offset + size > self.end:
            return None
        record = parse(os.pread(self._file, size, offset))
        return (record, offset + size) if record else None

    def records(self, offset: int = 0) -> Iterator[tuple[Record, int]]:
        """Yield each whole record from an offset on, with where it ends."""
        while found := self.read(offset):
            yield found
            offset = found[1]

    def recover(self) -> list[Record]:
        """Cut off what is behind the last whole commit, and return the records before it."""
        records: list[Record] = []
        whole = committed = 0
        for record, end in self.records():
            records.append(record)
            if record.ends:
                whole, committed = end, len(records)
        if whole < self.end:
            os.ftruncate(self._file, whole)
            os.fsync(self._file)
            self.end = whole
        return records[:committed]

    def close(self) -> None:
        """Close the file and leave it as it is."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def remove(self) -> None:
        """Delete the file; what cannot be deleted now is found, and settled, at the next start."""
        self.close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
