"""How the app's database is read: one transaction a poll, and only what is there."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from exporters.core.database import Database, Query, Rows
from exporters.core.exporter import Health
from exporters.core.poller import Pace, Poller
from exporters.core.snapshot import Sheet
from exporters.core.telemetry import Telemetry
from exporters.downloads import schema
from exporters.downloads.problems import Problems
from exporters.downloads.schema import Catalog, Found, Table

_REVISION = SQL(
    """
    SELECT
        CASE WHEN relkind = 'r' AND current_setting('track_counts')::boolean
            AND NOT pg_is_in_recovery()
        THEN concat_ws(
            ' ', oid, relfilenode, pg_stat_get_tuples_inserted(oid),
            pg_stat_get_tuples_updated(oid), pg_stat_get_tuples_deleted(oid)
        ) END
    FROM pg_catalog.pg_class
    WHERE oid = to_regclass(%(table)s)
    """
)


@dataclass(frozen=True, slots=True)
class Reader:
    """The declared tables in one read-only transaction."""

    connection: AsyncConnection[TupleRow]
    tables: Sequence[Table]
    catalog: Catalog

    async def rows(self, query: SQL, params: Mapping[str, Any] | None = None) -> Rows:
        """Return the rows of a query over the declared columns; see `schema.narrowed`."""
        return await _rows(
            self.connection, schema.narrowed(query, self.tables, self.catalog), params
        )

    async def revision(self, table: str) -> str | None:
        """Return a text that becomes another when rows of a table change.

        It comes from PostgreSQL's own counters, and so may lag a second behind, rarely more. None
        where the server cannot say: it is a standby, counts nothing, or the table is a view.
        """
        rows = await _rows(self.connection, _REVISION, {"table": table})
        return rows[0][0] if rows else None


Ask: TypeAlias = Callable[[Reader], Awaitable[Sheet]]
"""What is done in the transaction, once all that it cannot do without is there."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the app's database that is read at one go; it fails and recovers by itself."""

    name: str
    """What `/readyz`, the metrics about polls and the log call it."""
    tables: Sequence[Table]
    ask: Ask


class AppSource:
    """Reads one part, keeps what it shows while that is fresh, and says how it is."""

    def __init__(
        self,
        part: Part,
        app: Database,
        pace: Pace,
        timeout: float,
        problems: Problems,
        telemetry: Telemetry,
        turn: asyncio.Semaphore | None = None,
    ) -> None:
        """`timeout`: seconds that the server may work on one query; `turn` as in `Poller`."""
        self._part = part
        self._app = app
        self._timeout = timeout
        self._problems = problems
        self.poller = Poller("downloads", part.name, self.read, pace, telemetry, turn=turn)

    async def read(self) -> Sheet:
        """Return what there is to show: nothing, where a table or a needed column is missing.

        Raises SourceError where the database gives no answer.
        """
        tables = self._part.tables
        async with self._app.reading(self._timeout) as connection:
            catalog = await look(connection, tables)
            found = schema.problems(tables, catalog)
            self._problems.report(self._part.name, found)
            if not all(found.values()):
                return {}
            return await self._part.ask(Reader(connection, tables, catalog))

    def health(self) -> Health:
        """Return the health of the polls, and what is missing though they succeed."""
        health = self.poller.health()
        missed = self._problems.of(self._part.name)
        return health if health.reason else replace(health, reason=missed)


async def look(connection: AsyncConnection[TupleRow], tables: Sequence[Table]) -> Catalog:
    """Return the columns of the tables that the server has."""
    rows = await _rows(connection, schema.LOOK, {"tables": [table.name for table in tables]})
    return {(table, column): Found(kind, readable) for table, column, kind, readable in rows}


async def _rows(
    connection: AsyncConnection[TupleRow], query: Query, params: Mapping[str, Any] | None
) -> Rows:
    cursor = await connection.execute(query, params)
    return await cursor.fetchall()
