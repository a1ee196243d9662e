"""The server's log: kept small, and quoted where the server does not come up."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporters.embedded.folder import explained

_LIMIT = 4 * 2**20
"""Bytes at which the log becomes `server.log.1`; so both together stay under twice that."""

_QUOTED = 2**16
_TELLING = re.compile(r"(FATAL:|PANIC:|HINT:|error:|error while) .*")


class Log:
    """One log file; `said` quotes what came since the last `opened`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begin = 0

    @contextmanager
    def opened(self) -> Iterator[int]:
        """Give a descriptor to append to, for a server that is about to start."""
        self.rotate()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        with explained(self._path):
            descriptor = os.open(self._path, flags, 0o600)
        try:
            owner = self._path.parent.stat()
            if os.geteuid() == 0:
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            self._begin = os.fstat(descriptor).st_size
            yield descriptor
        finally:
            os.close(descriptor)

    def rotate(self) -> None:
        """Start the file over once it is too long, also under a server that writes to it.

        The server appends, so it goes on at the new beginning; lines of this moment may be lost.
        """
        with explained(self._path):
            try:
                if self._path.stat().st_size < _LIMIT:
                    return
            except FileNotFoundError:
                return
            shutil.copyfile(self._path, f"{self._path}.1", follow_symlinks=False)
            os.truncate(self._path, 0)

    def said(self) -> str:
        """Return the first telling lines as one: what follows them is their consequence."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._begin)
                lines = file.read(_QUOTED).decode(errors="replace").splitlines()
        except OSError:
            return f"see {self._path}"
        found = [line[match.start() :] for line in lines if (match := _TELLING.search(line))]
        return " ".join(found[:3])[:500] or f"see {self._path}"
