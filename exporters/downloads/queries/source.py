"""Runs one query: read only, one statement, bounded in time and memory, cancelled on the server."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import psycopg
from prometheus_client import Metric
from psycopg import AsyncConnection, Column, capabilities
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from exporters.core.database import Database
from exporters.core.errors import SourceError, SourceMalformed
from exporters.core.exposition import Labels, OnDrop
from exporters.downloads.queries.cells import label
from exporters.downloads.queries.columns import locate
from exporters.downloads.queries.fold import Fold, folds
from exporters.downloads.queries.model import Query

_CHUNK = 500
"""Rows that are in memory at a time, where libpq can (17 and newer)."""
_MANY = 2000
"""Rows from which on the families are made in a thread: the event loop has others to serve."""


class QuerySource:
    """Reads one query's metrics; `on_drop` is told of rows that were over a limit."""

    def __init__(self, query: Query, database: Database, on_drop: OnDrop) -> None:
        self._query = query
        self._database = database
        self._begin = tuple(folds(query, on_drop))

    async def read(self) -> tuple[Metric, ...]:
        """Return the families as the database has them now.

        Raises a SourceError that names what is wrong; the families are then as they were.
        """
        try:
            async with self._database.reading(self._query.deadline) as connection:
                if not self._query.server.covers(connection.info.server_version):
                    return ()
                sheet = await self._stream(connection)
        except SourceError as error:
            raise located(error, self._query.sql) from error
        return await sheet.finish()

    async def _stream(self, connection: AsyncConnection[TupleRow]) -> "_Sheet":
        # stream() speaks the extended protocol, in which there cannot be a second statement.
        size = _CHUNK if capabilities.has_stream_chunked() else 1
        cursor = connection.cursor()
        sheet = None
        async with aclosing(cursor.stream(as_sql(self._query.sql), size=size)) as rows:  # type: ignore[type-var]
            async for row in rows:
                if sheet is None:
                    sheet = self._sheet([column.name for column in cursor.description or ()])
                sheet.add(row)
        # Without a row psycopg does not tell the columns, and a wrong one would stay unknown until
        # the first row comes: often the very thing that the query waits for.
        if sheet is None:
            columns = await columns_of(connection, self._query.sql)
            sheet = self._sheet([column.name for column in columns])
        return sheet

    def _sheet(self, names: Sequence[str]) -> "_Sheet":
        layout = locate(self._query, names)
        begun = zip(self._begin, layout.measures, strict=True)
        return _Sheet(layout.labels, names, [begin(at, names) for begin, at in begun])


class _Sheet:
    """The rows of one poll."""

    def __init__(self, labels: Sequence[int], names: Sequence[str], folds: Sequence[Fold]) -> None:
        self._labels = labels
        self._names = names
        self._folds = folds
        self._rows = 0

    def add(self, row: TupleRow) -> None:
        labels = self._texts(row)
        self._rows += 1
        for fold in self._folds:
            fold.add(labels, row)

    async def finish(self) -> tuple[Metric, ...]:
        if self._rows < _MANY:
            return self._finish()
        work = asyncio.ensure_future(asyncio.to_thread(self._finish))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await work  # a thread cannot be stopped, and two must never work on one family
            raise

    def _finish(self) -> tuple[Metric, ...]:
        return tuple(fold.finish() for fold in self._folds)

    def _texts(self, row: TupleRow) -> Labels:
        return tuple(
            [cell if type(cell := row[i]) is str else self._text(i, cell) for i in self._labels]
        )

    def _text(self, i: int, cell: object) -> str:
        text = label(cell)
        if text is None:
            raise SourceMalformed(f"column {self._names[i]} is no text that could be a label")
        return text


_CURSOR = "nearfield_columns"


async def columns_of(connection: AsyncConnection[TupleRow], sql: str) -> Sequence[Column]:
    """Return the columns that a query gives; the server plans it, and does not run it.

    As EXPLAIN does, this finds wrong names and types, and what may not be read; unlike EXPLAIN it
    finds what would write, and tells the columns.
    """
    async with connection.cursor(name=_CURSOR) as cursor:
        await cursor.execute(as_sql(sql))
        return cursor.description or ()


def as_sql(text: str) -> SQL:
    """Return a user's text as a query: it is theirs, whole, and nothing is put into it."""
    return SQL(text)


def located(error: SourceError, sql: str, *, declared: bool = False) -> SourceError:
    """Return the error with the line of the SQL at which PostgreSQL points, where it does.

    `declared`: the query was asked by `columns_of`, which puts a few words before it.
    """
    cause = error.__cause__
    position = cause.diag.statement_position if isinstance(cause, psycopg.Error) else None
    if position is None:
        return error
    before = len(f'DECLARE "{_CURSOR}" CURSOR FOR ') if declared else 0
    line = sql.count("\n", 0, max(0, int(position) - 1 - before)) + 1
    return type(error)(f"{error}: look at line {line} of the SQL")
