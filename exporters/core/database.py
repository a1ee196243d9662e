"""A few connections to one PostgreSQL, with the manners of a guest in somebody's production.

Connections are made when they are needed and an error of connecting reaches whoever asked, typed
and in one line: psycopg_pool reconnects in the background and keeps its reason to itself, which is
why it is not used here. Nothing that libpq says is passed on unread, since it names users, hosts
and addresses.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, LiteralString, Self

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composed, Literal
from pydantic import SecretStr

from exporters.core.database_errors import translate
from exporters.core.errors import (
    SourceError,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
)

log = logging.getLogger(__name__)

Query = LiteralString | SQL | Composed
Rows = list[TupleRow]

CONNECT_TIMEOUT = 10
"""Seconds to connect, so that a black hole is told from a slow query."""
_CLOSING = 2.0

# What a connection has unless the connection string says otherwise. A peer that vanished without a
# word (a firewall that forgot us) is found out before a poll's deadline, not after the minutes
# that the kernel would wait.
_DEFAULTS = {"connect_timeout": CONNECT_TIMEOUT, "tcp_user_timeout": 1000 * CONNECT_TIMEOUT}

# What a connection has whatever that says.
_MANNERS = {"application_name": "nearfield", "client_encoding": "utf8"}


class Database:
    """At most `limit` connections to one database; entered and left with the process.

    `name` is what a person calls this database: it stands in every error. The connection string is
    libpq's, as keywords or as a URL, TLS settings included; it is never shown.
    """

    def __init__(self, name: str, conninfo: SecretStr, *, limit: int = 2) -> None:
        self.name = name
        self._conninfo = conninfo
        self._free = asyncio.Semaphore(limit)
        self._idle: list[AsyncConnection[TupleRow]] = []
        self._closed = True
        self._failures = 0

    def __repr__(self) -> str:
        return f"Database({self.name!r})"

    async def __aenter__(self) -> Self:
        """Open nothing yet: a database that is down never stops the start."""
        self._closed = False
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closed = True
        while self._idle:
            await _close(self._idle.pop())

    async def fetch(
        self, query: Query, params: Mapping[str, Any] | None = None, *, deadline: float
    ) -> Rows:
        """Return the rows of one read-only query, asked within `deadline` seconds.

        Raises a SourceError that says why there are none.
        """
        async with self.reading(deadline) as connection:
            cursor = await connection.execute(query, params)
            return await cursor.fetchall()

    @asynccontextmanager
    async def reading(self, deadline: float) -> AsyncIterator[AsyncConnection[TupleRow]]:
        """Give a connection in a read-only transaction that the server itself ends in time.

        A query that is cancelled here (a deadline, a shutdown) is cancelled on the server too. A
        lock is not waited for as long as a result: a locked table must not hold the few
        connections that the other queries need. A query takes one processor, and none to compile it
        to machine code: that takes longer than a query that is welcome in production.
        """
        milliseconds = max(1, int(deadline * 1000))
        begin = SQL(
            "BEGIN READ ONLY; SET LOCAL statement_timeout = {limit};"
            " SET LOCAL lock_timeout = {lock}; SET LOCAL TimeZone = 'UTC'; SET LOCAL jit = off;"
            " SET LOCAL max_parallel_workers_per_gather = 0;"
            " SET LOCAL idle_in_transaction_session_timeout = {idle}"
        ).format(
            limit=Literal(milliseconds),
            lock=Literal(max(1, milliseconds // 5)),
            idle=Literal(milliseconds + 5000),
        )
        async with self._connection(begin) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection[TupleRow]]:
        """Give a connection in a transaction that is committed at the end, unless it failed."""
        async with self._connection(SQL("BEGIN")) as connection:
            yield connection
            await connection.commit()

    @asynccontextmanager
    async def _connection(self, begin: Query) -> AsyncIterator[AsyncConnection[TupleRow]]:
        async with self._free:
            try:
                connection = await self._begin(begin)
                self._is_well()
                try:
                    yield connection
                finally:
                    await self._give_back(connection)
            except psycopg.Error as error:
                ours = translate(self.name, error)
                raise self._tell(ours) if isinstance(ours, SourceUnavailable) else ours from error
            except TimeoutError as error:
                raise SourceTimeout(f"{self.name}: no answer in time") from error

    async def _begin(self, begin: Query) -> AsyncConnection[TupleRow]:
        """Begin on an idle connection, or on a new one where those have died unnoticed."""
        while self._idle:
            connection = self._idle.pop()
            try:
                await connection.execute(begin)
            except psycopg.OperationalError:
                await _close(connection)
            except BaseException:  # cancelled too: nobody else would close it
                await _close(connection)
                raise
            else:
                return connection
        connection = await self._connect()
        try:
            await connection.execute(begin)
        except BaseException:  # cancelled too: nobody else would close it
            await _close(connection)
            raise
        return connection

    async def _connect(self) -> AsyncConnection[TupleRow]:
        # Transactions are begun by hand and nothing is prepared on the server, so that a
        # connection pooler in between (PgBouncer, Neon's) does no harm.
        parameters: dict[str, Any] = _DEFAULTS | self._parameters() | _MANNERS
        try:
            return await _Connection.connect(autocommit=True, prepare_threshold=None, **parameters)
        except psycopg.Error as error:
            raise self._tell(translate(self.name, error)) from error

    def _parameters(self) -> dict[str, Any]:
        try:
            return conninfo_to_dict(self._conninfo.get_secret_value())
        except psycopg.ProgrammingError:
            # libpq's words quote the string, so they are not kept as a cause either.
            error = SourceRejected(f"{self.name}: the connection string is not valid")
            raise self._tell(error) from None

    def _tell(self, error: SourceError) -> SourceError:
        """Log a trouble of the whole database, once for all who meet it."""
        self._failures += 1
        if self._failures == 1:
            log.warning(
                "%s cannot be read, and is tried again: %s: %s", self.name, error.reason, error
            )
        error.told = True
        return error

    def _is_well(self) -> None:
        if self._failures:
            log.info("%s is back after %d failed reads", self.name, self._failures)
        self._failures = 0

    async def _give_back(self, connection: AsyncConnection[TupleRow]) -> None:
        """End the transaction and keep the connection, or close it where it cannot be ended."""
        try:
            async with asyncio.timeout(_CLOSING):
                await connection.rollback()
        except (psycopg.Error, TimeoutError):
            await _close(connection)
        except BaseException:  # cancelled too: nobody else would close it
            await _close(connection)
            raise
        else:
            if self._closed:
                await _close(connection)
            elif not connection.closed:
                self._idle.append(connection)


class _Connection(AsyncConnection[TupleRow]):
    """A connection that never keeps us waiting for a server that cannot be reached."""

    async def cancel_safe(self, *, timeout: float = _CLOSING) -> None:  # noqa: ASYNC109 - psycopg's
        """Cancel what runs on the server, in a short time; or else hang up.

        psycopg calls this when a query is cancelled, and then waits for the query's end: that
        would be in vain where even the cancellation did not arrive.
        """
        try:
            await super().cancel_safe(timeout=min(timeout, _CLOSING))
        except psycopg.Error:
            self.pgconn.finish()
            raise


async def _close(connection: AsyncConnection[TupleRow]) -> None:
    # Closing only sends a last message and shuts the socket; it waits for nobody.
    await connection.close()
