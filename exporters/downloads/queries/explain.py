"""Asks the databases whether users' queries would work, without running one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from psycopg import Column
from psycopg.sql import SQL

from exporters.core.database import Database
from exporters.core.definitions import Placed
from exporters.core.errors import SourceError, SourceTimeout, SourceUnavailable
from exporters.downloads.queries.columns import locate
from exporters.downloads.queries.model import Query, Reading
from exporters.downloads.queries.source import columns_of, located

_DEADLINE = 10.0
_NUMBERS = frozenset(
    (
        *("bool", "int2", "int4", "int8", "oid", "float4", "float8", "numeric"),
        *("interval", "date", "timestamp", "timestamptz"),
    )
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, one line each."""

    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be looked at, and why; no fault of the queries."""


async def explain(placed: Sequence[Placed], databases: Mapping[str, Database | None]) -> Checked:
    """Return what is wrong with each SQL query, as far as its database answers.

    The server plans each query in a read-only transaction; names, types and permissions are looked
    at, and whether the columns are there that become labels and values.
    """
    found = Checked()
    for name, database in databases.items():
        asked = [
            (one, one.definition)
            for one in placed
            if isinstance(one.definition, Query) and one.definition.database == name
        ]
        if asked:
            more = await _explain_on(name, database, asked)
            found = Checked(found.problems + more.problems, found.notes + more.notes)
    return found


async def _explain_on(
    name: str, database: Database | None, asked: Sequence[tuple[Placed, Query]]
) -> Checked:
    skipped = "so these were not checked: " + ", ".join(query.name for _, query in asked)
    if database is None:
        return Checked(notes=(f"the {name} cannot be asked before it runs; {skipped}",))
    try:
        await database.fetch(SQL("SELECT 1"), deadline=_DEADLINE)
    except (SourceUnavailable, SourceTimeout) as error:
        return Checked(notes=(f"{error}; {skipped}",))
    except SourceError as error:
        return Checked((str(error),))
    flaws = [one.problem(text) for one, query in asked for text in await _flaws(query, database)]
    return Checked(tuple(flaws))


async def _flaws(query: Query, database: Database) -> Sequence[str]:
    try:
        async with database.reading(_DEADLINE) as connection:
            if not query.server.covers(connection.info.server_version):
                return ()
            columns = await columns_of(connection, query.sql)
        return tuple(_unfit(query, columns))
    except SourceError as error:
        return (str(located(error, query.sql, declared=True)),)


def _unfit(query: Query, columns: Sequence[Column]) -> Iterator[str]:
    """Give each column of values that is of a type that is no number, or raise SourceMismatch."""
    layout = locate(query, [column.name for column in columns])
    for measure, (i, *_) in zip(query.measures, layout.measures, strict=True):
        column = columns[i]
        known = column.type_display
        if measure.reading is Reading.NUMBER and known not in _NUMBERS:
            yield f"column {column.name} is {known}, and a number is wanted"
