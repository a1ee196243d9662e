"""The embedded server: one PostgreSQL over one data folder, shared by every command on it."""

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Self

from psycopg.errors import DuplicateDatabase, DuplicateObject, UniqueViolation
from psycopg.sql import SQL, Composed, Identifier

from exporters.core.errors import StartError
from exporters.embedded.cluster import ROLE
from exporters.embedded.folder import Layout, prepare
from exporters.embedded.launch import bring_up
from exporters.embedded.locks import EXCLUSIVE, SHARED, locked, open_lock, turn
from exporters.embedded.postmaster import shut_down
from exporters.embedded.session import address, execute
from exporters.embedded.watch import Watch

log = logging.getLogger(__name__)

_TURN = 1.0
"""Seconds that leaving waits for others who start or stop the server."""


class EmbeddedServer:
    """One PostgreSQL server under `data_dir`, running for as long as anybody is in the context.

    `async with EmbeddedServer(data_dir) as server:` creates it, starts it or attaches to the one
    that runs already; the last process to leave stops it, also where others were killed. Raises
    StartError, one line with the cure, when that cannot be. Nothing in it is bound to an event
    loop.

    Only the owner of the folder and root may connect. As root the server runs as the owner of
    `data_dir`, or as `nobody` where that is root.
    """

    name = "embedded PostgreSQL"

    def __init__(
        self, data_dir: Path, *, start_timeout: float = 60.0, stop_timeout: float = 4.5
    ) -> None:
        self.data_dir = data_dir.absolute()
        self._start_timeout = start_timeout
        self._stop_timeout = stop_timeout
        self._attached: int | None = None

    async def __aenter__(self) -> Self:
        layout = self._layout()
        prepare(layout)
        async with turn(layout.change, self._start_timeout):
            self._attached = open_lock(layout.attached)
            # Whoever wants it for itself holds our turn while it does: this cannot fail.
            locked(self._attached, SHARED)
            try:
                await bring_up(layout, self._start_timeout)
            except BaseException:  # cancelled too: __aexit__ is not called then
                await self._leave(layout)
                raise
        return self

    async def __aexit__(self, *_: object) -> None:
        layout = self._layout()
        try:
            # Whoever has the turn for longer than this is attached, and will stop the server.
            async with turn(layout.change, _TURN):
                await self._leave(layout)
        except StartError as problem:
            # What we came for is done. A server that was not stopped is found by the next command.
            log.warning("%s", problem)
        finally:
            self._detach()

    def dsn(self, database: str = ROLE, *, role: str = ROLE) -> str:
        """Return a libpq connection string over the unix socket; it holds no secret.

        It depends on `data_dir` alone and can be asked for before the server runs.
        """
        return address(self._layout(), database, role)

    async def create_database(self, name: str = ROLE) -> None:
        """Create the database `name` unless it is there."""
        known = SQL("SELECT FROM pg_database WHERE datname = %s")
        if not await self._execute(known, name):
            # Two commands may have asked at the same moment.
            with suppress(DuplicateDatabase, UniqueViolation):
                create = SQL("CREATE DATABASE {} TEMPLATE template0")
                await self._execute(create.format(Identifier(name)))

    async def create_reader(self, role: str = "nearfield_reader") -> None:
        """Create `role` unless it is there: it reads every table and writes none."""
        if not await self._execute(SQL("SELECT FROM pg_roles WHERE rolname = %s"), role):
            with suppress(DuplicateObject, UniqueViolation):
                create = SQL("CREATE ROLE {} LOGIN IN ROLE pg_read_all_data")
                await self._execute(create.format(Identifier(role)))

    async def run(self) -> None:
        """Start the server again whenever it dies, until cancelled."""
        await Watch(self._layout(), self._start_timeout).run()

    def _layout(self) -> Layout:
        return Layout.under(self.data_dir)

    async def _execute(self, statement: SQL | Composed, *values: str) -> int:
        return await execute(self._layout(), statement, *values)

    async def _leave(self, layout: Layout) -> None:
        """Detach; stop the server if nobody else is attached. The caller has its turn."""
        try:
            if self._attached is not None and locked(self._attached, EXCLUSIVE):
                await shut_down(layout, self._stop_timeout)
        finally:
            self._detach()

    def _detach(self) -> None:
        if self._attached is not None:
            os.close(self._attached)
            self._attached = None
