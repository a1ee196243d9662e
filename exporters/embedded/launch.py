"""Bringing a server up, from whatever a folder holds: nothing, a server, or what is left of one."""

import asyncio
import signal

from psycopg.sql import SQL

from exporters.core.errors import StartError
from exporters.embedded import cluster
from exporters.embedded.account import account_for
from exporters.embedded.folder import Layout, own_folder
from exporters.embedded.locks import EXCLUSIVE, TICK, locked, opened
from exporters.embedded.log import Log
from exporters.embedded.postmaster import (
    Sighting,
    State,
    clear_stale,
    kill_remains,
    look,
)
from exporters.embedded.programs import programs_for
from exporters.embedded.session import execute
from exporters.embedded.spawn import Attempt, way_to

_REFUSALS = 50
"""So often a server that is ready may refuse us: one that is being killed looks so for a moment."""


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
        if seen.state in {State.READY, State.HEADLESS}:
            refusals += seen.state is State.READY
            if await answers(layout, or_raise=refusals > _REFUSALS):
                return
        if seen.state is State.GONE:
            if launched:
                raise StartError(f"PostgreSQL in {layout.root} did not start: {log.said()}")
            launched = await _launch(layout, log)
        _hasten(layout, seen)
        await asyncio.sleep(TICK)


def _hasten(layout: Layout, seen: Sighting) -> None:
    """End what would make us wait for as long as somebody else likes: a query, a client."""
    if seen.state is State.HEADLESS:
        kill_remains(layout)
    elif seen.state is State.STOPPING:
        seen.signal(signal.SIGINT)


async def answers(layout: Layout, *, or_raise: bool = False) -> bool:
    """Tell whether the server does what it is asked, wherever its processes are."""
    try:
        await execute(layout, SQL("SELECT 1"))
    except StartError:
        if or_raise:
            raise
        return False
    return True


async def _launch(layout: Layout, log: Log) -> bool:
    """Start the server; False where somebody else's look at `running.lock` came between."""
    account = account_for(layout)
    programs = await asyncio.to_thread(programs_for, account)
    own_folder(layout.socket, account.uid, account.gid)
    with (
        opened(layout.running) as running,
        way_to(layout, account) as way,
        log.opened() as output,
    ):
        if not locked(running, EXCLUSIVE):
            return False
        attempt = Attempt(layout, account, programs, way, (running, *way.descriptors), output)
        if not layout.data.exists():
            await attempt.create(log)
        cluster.check_version(layout, programs.major)
        cluster.write_access(layout, account)
        clear_stale(layout)
        await attempt.start()
        return True
