"""Numbered migrations of the ledger, each applied once, by one process at a time."""

from dataclasses import dataclass
from importlib.resources import files

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from exporters.core.database import Database
from exporters.ledger.errors import LedgerTooNew
from exporters.ledger.statements import statement

_LOCK = 0x6E65_6172_6669_656C
"""Key of the advisory lock: "nearfiel" in ASCII."""

# IF NOT EXISTS alone would ask for the right to create schemas where one is there.
_BEGIN = SQL(
    """
    DO $$
    BEGIN
        IF to_regclass('nearfield.migrations') IS NULL THEN
            CREATE SCHEMA IF NOT EXISTS nearfield;
            CREATE TABLE nearfield.migrations (
                number integer PRIMARY KEY,
                name text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now()
            );
        END IF;
    END
    $$
    """
)
_APPLIED = SQL("SELECT coalesce(max(number), 0) FROM nearfield.migrations")
_NOTE = SQL("INSERT INTO nearfield.migrations (number, name) VALUES (%(number)s, %(name)s)")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    sql: str


def migrations() -> list[Migration]:
    """Return every migration of this version, in order."""
    found = (entry for entry in (files(__package__) / "migrations").iterdir())
    return sorted(
        (
            Migration(int(entry.name[:4]), entry.name[5:-4], entry.read_text(encoding="utf-8"))
            for entry in found
            if entry.name.endswith(".sql")
        ),
        key=lambda migration: migration.number,
    )


async def migrate(database: Database) -> None:
    """Bring the schema up to this version, all steps in one transaction.

    Members of the role nearfield_ledger_reader, where there is one, may then read the sums: see
    `sql/readable.sql`. Raises LedgerTooNew where it is ahead, and SourceError.
    """
    async with database.writing() as connection:
        await connection.execute(SQL("SELECT pg_advisory_xact_lock({})").format(_LOCK))
        await connection.execute(_BEGIN)
        await _catch_up(connection)
        await connection.execute(statement("readable"))


async def _catch_up(connection: AsyncConnection[TupleRow]) -> None:
    row = await (await connection.execute(_APPLIED)).fetchone()
    applied, known = row[0] if row else 0, migrations()
    if applied > known[-1].number:
        raise LedgerTooNew(
            f"the ledger is of a newer Nearfield (migration {applied}; this one knows"
            f" {known[-1].number}): upgrade Nearfield"
        )
    for migration in known:
        if migration.number > applied:
            await connection.execute(SQL(migration.sql))
            note = {"number": migration.number, "name": migration.name}
            await connection.execute(_NOTE, note)
