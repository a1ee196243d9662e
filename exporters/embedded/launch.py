"""Bringing a server up, from whatever a folder holds: nothing, a server, or what is left of one."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg.sql import SQL

from exporters.core.errors import StartError
from exporters.embedded import cluster
from exporters.embedded.account import Account, account_for
from exporters.embedded.folder import Layout, explained, own_folder
from exporters.embedded.locks import EXCLUSIVE, TICK, locked, opened
from exporters.embedded.log import Log
from exporters.embedded.postmaster import State, clear_stale, kill_remains, look, tag
from exporters.embedded.programs import Programs, programs_for
from exporters.embedded.session import execute

_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}
"""Nothing of the caller's: PGOPTIONS or a locale of theirs would change the server."""

_REFUSALS = 50
"""So many ticks a server that is ready may refuse us."""


async def bring_up(layout: Layout, seconds: float) -> None:
    """See to it that the server is ready; the caller holds `change.lock`.

    One that runs is used, one that stops is awaited, what was killed is cleared away; at most one
    is started. Raises StartError with the server's own words where it does not come up.
    """
    log = Log(layout.log)
    try:
        async with asyncio.timeout(seconds):
            await _until_ready(layout, log)
    except TimeoutError:
        raise StartError(
            f"PostgreSQL in {layout.root} was not ready within {seconds:g} s: {log.said()}"
        ) from None


async def _until_ready(layout: Layout, log: Log) -> None:
    launched = False
    refusals = 0
    while True:
        seen = look(layout)
        if seen.state is State.READY:
            # A postmaster that is being killed looks so for a moment, and refuses us.
            refusals += 1
            if await _answers(layout, or_raise=refusals > _REFUSALS):
                return
        elif seen.state is State.GONE:
            if launched:
                raise StartError(f"PostgreSQL in {layout.root} did not start: {log.said()}")
            await _launch(layout, log)
            launched = True
        elif seen.state is State.HEADLESS:
            kill_remains(layout)
        elif seen.state is State.STOPPING:
            # It may be waiting for its clients to leave, for as long as they like.
            seen.signal(signal.SIGINT)
        await asyncio.sleep(TICK)


async def _answers(layout: Layout, *, or_raise: bool) -> bool:
    try:
        await execute(layout, SQL("SELECT 1"))
    except StartError:
        if or_raise:
            raise
        return False
    return True


async def _launch(layout: Layout, log: Log) -> None:
    account = account_for(layout)
    programs = await asyncio.to_thread(programs_for, account)
    own_folder(layout.socket, account.uid, account.gid)
    with (
        opened(layout.running) as running,
        _way(layout, account) as way,
        log.opened() as output,
    ):
        if not locked(running, EXCLUSIVE):
            return
        attempt = _Attempt(layout, account, programs, way, (running, *way.descriptors), output)
        if not layout.data.exists():
            await attempt.create(log)
        cluster.check_version(layout, programs.major)
        cluster.write_access(layout, account)
        clear_stale(layout)
        await attempt.start()


@dataclass(frozen=True, slots=True)
class _Way:
    """The folder as the server's account reaches it, and the descriptors needed for that."""

    root: str
    descriptors: tuple[int, ...] = ()


@contextmanager
def _way(layout: Layout, account: Account) -> Iterator[_Way]:
    """Open a way to the folder for an account that may not pass the folders above it.

    Those are not ours to change. Linux lets a process through by a descriptor that it inherited.
    """
    if account.can_enter(layout.root):
        yield _Way(str(layout.root))
        return
    if not Path("/proc/self/fd").is_dir():
        raise StartError(
            f"the account {account.name} may not pass the folders above {layout.root}:"
            " choose a data_dir that everybody may pass, or run as an ordinary user"
        )
    with explained(layout.root):
        descriptor = os.open(layout.root, os.O_PATH)
    try:
        yield _Way(f"/proc/self/fd/{descriptor}", (descriptor,))
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What it takes to start programs on one folder."""

    layout: Layout
    account: Account
    programs: Programs
    way: _Way
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
        process = subprocess.Popen(  # noqa: ASYNC220, S603  the loop's own cannot change the user
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
