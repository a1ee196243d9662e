"""What the spool asks of a file system: whole writes, and files and names that outlive a crash."""

import os
from pathlib import Path

from exporters.fastly.receive_refusals import DiskFailed

MODE = 0o600  # lines hold addresses


def create(path: Path) -> int:
    """Create a file that nobody else may read and return it open; FileExistsError if it is."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)


def write_at(file: int, data: bytes, offset: int) -> int:
    """Write everything at `offset` and return where it ends; OSError where that cannot be."""
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written
    return offset


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a crash."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def disk_failed(error: OSError) -> DiskFailed:
    """Return the refusal for a write that failed: what is wrong with the disk, and no path."""
    return DiskFailed((error.strerror or "the disk fails").lower())
