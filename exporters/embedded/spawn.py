"""Starting PostgreSQL's programs: as another account, out of our session, with the lock in hand."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporters.core.errors import StartError
from exporters.embedded import cluster
from exporters.embedded.account import Account
from exporters.embedded.folder import Layout, explained
from exporters.embedded.locks import TICK
from exporters.embedded.log import Log
from exporters.embedded.postmaster import tag
from exporters.embedded.programs import Programs

_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}
"""Nothing of the caller's: PGOPTIONS or a locale of theirs would change the server."""


@dataclass(frozen=True, slots=True)
class Way:
    """The folder as the server's account reaches it, and the descriptors needed for that."""

    root: str
    descriptors: tuple[int, ...] = ()


@contextmanager
def way_to(layout: Layout, account: Account) -> Iterator[Way]:
    """Open a way to the folder for an account that may not pass the folders above it.

    Those are not ours to change. Linux lets a process through by a descriptor that it inherited.
    """
    if account.can_enter(layout.root):
        yield Way(str(layout.root))
        return
    if not Path("/proc/self/fd").is_dir():
        raise StartError(
            f"the account {account.name} may not pass the folders above {layout.root}:"
            " choose a data_dir that everybody may pass, or run as an ordinary user"
        )
    with explained(layout.root):
        descriptor = os.open(layout.root, os.O_PATH)
    try:
        yield Way(f"/proc/self/fd/{descriptor}", (descriptor,))
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What it takes to start programs on one folder."""

    layout: Layout
    account: Account
    programs: Programs
    way: Way
    inherited: tuple[int, ...]
    """The lock on `running.lock` among them: it lives as long as a process of the server does."""
    output: int

    async def create(self, log: Log) -> None:
        """Make the data folder: whole, or not at all."""
        cluster.make_fresh(self.layout, self.account)
        fresh = f"{self.way.root}/{self.layout.fresh.name}"
        if await self._run(self.programs.path("initdb"), f"--pgdata={fresh}", *cluster.INITDB):
            raise StartError(f"PostgreSQL could not make {self.layout.data}: {log.said()}")
        cluster.adopt_fresh(self.layout)

    async def start(self) -> None:
        """Start the server and leave it on its own: it is no child of ours, whoever lives longer.

        A child would have to be waited for, and would be lost to the others once we are gone.
        """
        beside = self.layout.socket.parent == self.layout.root
        socket = f"{self.way.root}/socket" if beside else str(self.layout.socket)
        await self._run(
            "/bin/sh",
            "-c",
            '"$@" &',
            "sh",
            self.programs.path("postgres"),
            "-D",
            f"{self.way.root}/{self.layout.data.name}",
            *cluster.settings(socket, tag(self.layout)),
        )

    async def _run(self, *command: str) -> int:
        options: dict[str, Any] = self.account.options()
        with explained(Path(command[0])):
            process = subprocess.Popen(  # noqa: ASYNC220, S603  uvloop's own cannot change the user
                command,
                cwd="/",
                env=_ENVIRONMENT,
                pass_fds=self.inherited,
                # A session of its own: Ctrl-C in the terminal is not for the server.
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=self.output,
                stderr=self.output,
                **options,
            )
        try:
            while (code := process.poll()) is None:  # noqa: ASYNC110  see Popen above
                await asyncio.sleep(TICK)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return code
