"""Ways for a process of a test to die at a chosen call to the file system."""

import os
import signal
from collections.abc import Callable, Collection
from typing import Any


def kill_at(moment: int, calls: Collection[str]) -> None:
    """Let this process die at the `moment`th of these calls: in the middle, if it writes."""
    left = moment

    def dying(call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def instead(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                if name == "pwrite":
                    call(args[0], bytes(args[1])[: len(args[1]) // 2], args[2])
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return instead

    for name in calls:
        setattr(os, name, dying(getattr(os, name), name))


def lose_what_is_not_synced(reads_unsynced: bool) -> None:
    """Keep writes from the disk until they are synced, as a power cut would.

    Who may not read what is not synced yet fails when it does.
    """
    pwrite, pread, fdatasync = os.pwrite, os.pread, os.fdatasync
    unsynced: dict[int, list[tuple[bytes, int]]] = {}

    def keep(file: int, data: bytes, offset: int) -> int:
        unsynced.setdefault(file, []).append((bytes(data), offset))
        return len(data)

    def flush(file: int) -> None:
        for data, offset in unsynced.pop(file, []):
            pwrite(file, data, offset)

    def sync(file: int) -> None:
        flush(file)
        fdatasync(file)

    def read(file: int, size: int, offset: int) -> bytes:
        assert reads_unsynced or file not in unsynced, "what is not safe is read"
        flush(file)
        return pread(file, size, offset)

    vars(os).update(pwrite=keep, fdatasync=sync, pread=read)
