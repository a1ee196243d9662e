"""Kernel locks on files: they end with the process that holds them, however it ends."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from exporters.core.errors import StartError
from exporters.embedded.folder import explained, make_folder

EXCLUSIVE = fcntl.LOCK_EX
SHARED = fcntl.LOCK_SH
RELEASED = fcntl.LOCK_UN

TICK = 0.02
"""Seconds between two looks at a lock: a blocking flock could neither be cancelled nor time out."""


def open_lock(path: Path) -> int:
    """Open a lock file, which belongs to the owner of its folder, and return its descriptor.

    The file is never removed: somebody may hold a lock on what would then be another file.
    Raises StartError where it cannot be opened.
    """
    with explained(path):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            return os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        if os.geteuid() == 0:
            owner = path.parent.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        return descriptor


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Hold a lock file open. Leaving ends its lock, unless a child process inherited it."""
    descriptor = open_lock(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def locked(descriptor: int, how: int) -> bool:
    """Take, change or release the lock without waiting; False if somebody else's prevents it."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@asynccontextmanager
async def turn(path: Path, seconds: float) -> AsyncIterator[None]:
    """Hold the exclusive lock on `path`; StartError where it is not free within `seconds`."""
    with opened(path) as descriptor:
        await _taken(descriptor, path, seconds)
        yield


async def _taken(descriptor: int, path: Path, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not locked(descriptor, EXCLUSIVE):  # noqa: ASYNC110  a lock sends no event
                await asyncio.sleep(TICK)
    except TimeoutError:
        raise StartError(
            f"another command starts or stops PostgreSQL in {path.parent} since {seconds:g} s"
        ) from None


@contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Hold `data_dir` for one `nearfield run`; StartError if another process holds it."""
    with explained(data_dir):
        make_folder(data_dir)
    with opened(data_dir / "run.lock") as descriptor:
        if not locked(descriptor, EXCLUSIVE):
            raise StartError(
                f"another nearfield works on {data_dir}: stop it, or choose another data_dir"
            )
        yield
