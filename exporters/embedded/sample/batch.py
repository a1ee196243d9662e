"""Rows on their way into one table, and how they get there."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

from psycopg import AsyncConnection, sql


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows for `table` (its schema first, where it has one): values of `columns`, in that order."""

    table: tuple[str, ...]
    columns: tuple[str, ...]
    rows: Iterable[tuple[object, ...]]


async def copy(connection: AsyncConnection, batch: Batch) -> None:
    """Append the batch to its table by COPY."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(*batch.table),
        sql.SQL(", ").join(map(sql.Identifier, batch.columns)),
    )
    async with connection.cursor() as cursor, cursor.copy(statement) as copying:
        for row in batch.rows:
            await copying.write_row(row)


def statement(name: str) -> str:
    """Return the SQL in a file of this package, read when it is needed."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
