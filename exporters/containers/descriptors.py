"""Files of the kernel that stay open: opening costs ten times what reading does."""

import contextlib
import os
import resource
from pathlib import Path
from typing import Self

_RESERVE = 512
"""Descriptors that are left to everything else in the process."""

_WANTED = 65536
"""Enough for 4,000 containers."""

_CHUNK = 8192
_PAGE = 3072
"""A file of the kernel that gave less than this was read to its end: it writes whole pages."""


class Descriptors:
    """Counts open files against what the process may have; the limit is raised as far as it goes.

    Over it files are opened for each reading, which is slower and otherwise the same.
    """

    def __init__(self) -> None:
        self._left = 0

    def __enter__(self) -> Self:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _WANTED if hard == resource.RLIM_INFINITY else min(hard, _WANTED)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            with contextlib.suppress(ValueError, OSError):  # a sandbox may forbid it
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._left = _WANTED if soft == resource.RLIM_INFINITY else max(soft - _RESERVE, 0)
        return self

    def __exit__(self, *_: object) -> None:
        self._left = 0

    def take(self) -> bool:
        """Whether one more file may stay open; then it is counted."""
        if self._left <= 0:
            return False
        self._left -= 1
        return True

    def give(self) -> None:
        """Count a file that stayed open as closed."""
        self._left += 1


class KernelFile:
    """One file whose content the kernel writes anew at each reading."""

    __slots__ = ("_descriptor", "_descriptors", "_path")

    def __init__(self, path: Path, descriptors: Descriptors) -> None:
        """Open it; raises OSError."""
        self._path = path
        self._descriptors = descriptors
        self._descriptor = -1
        if descriptors.take():
            try:
                self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                descriptors.give()
                raise
        else:
            path.stat()

    def read(self) -> bytes:
        """Return the content of this moment; raises OSError, ENODEV where the cgroup is gone."""
        if self._descriptor >= 0:
            # The common case in as few steps as can be: ten thousand times a second.
            data = os.pread(self._descriptor, _CHUNK, 0)
            return data if len(data) < _PAGE else _whole(self._descriptor, data)
        descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return _whole(descriptor, b"")
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Close it; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            self._descriptors.give()


def _whole(descriptor: int, data: bytes) -> bytes:
    """What a file has after `data`, its beginning, too."""
    while more := os.pread(descriptor, _CHUNK, len(data)):
        data += more
    return data
