"""The spool's folder: made where it is not there, held by one process at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporters.core.errors import StartError
from exporters.fastly.spool.files import MODE

_LOCK = "lock"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder while entered; StartError where it cannot be had.

    The lock is the kernel's: it ends with the process, however that ends.
    """
    try:
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
    except OSError as error:
        reason = (error.strerror or "not possible").lower()
        raise StartError(f"spool: cannot use the folder {folder}: {reason}") from error
    try:
        _lock(lock, folder)
        yield
    finally:
        os.close(lock)


def _lock(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StartError(
            f"spool: another process uses the folder {folder}; give each its own `fastly.spool`"
        ) from error
