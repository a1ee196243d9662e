"""Migrations: each once, by one process at a time, with what people need to know in the schema."""

import asyncio

import pytest
from psycopg.sql import SQL
from pydantic import SecretStr

from exporters.core.database import Database
from exporters.ledger import LedgerTooNew
from exporters.ledger.migrate import migrate, migrations

VIEWS = ("episode_hours", "episode_days", "episode_countries", "episode_apps")


async def test_migrations_are_numbered_without_a_gap() -> None:
    numbers = [migration.number for migration in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_several_processes_at_once_migrate_once(database: str) -> None:
    async with Database("the ledger", SecretStr(database), limit=4) as ledger:
        await asyncio.gather(*(migrate(ledger) for _ in range(4)))
        rows = await ledger.fetch(SQL("SELECT number FROM nearfield.migrations"), deadline=10)
    assert sorted(number for (number,) in rows) == [one.number for one in migrations()]


async def test_a_ledger_of_a_newer_version_is_refused(database: str) -> None:
    async with Database("the ledger", SecretStr(database)) as ledger:
        await migrate(ledger)
        async with ledger.writing() as connection:
            await connection.execute("INSERT INTO nearfield.migrations VALUES (9999, 'later')")
        with pytest.raises(LedgerTooNew, match="upgrade"):
            await migrate(ledger)


async def test_what_people_slice_is_described(database: str) -> None:
    async with Database("the ledger", SecretStr(database)) as ledger:
        await migrate(ledger)
        rows = await ledger.fetch(
            SQL(
                "SELECT relname, obj_description(oid) FROM pg_class"
                " WHERE relnamespace = 'nearfield'::regnamespace AND relkind = 'v'"
            ),
            deadline=10,
        )
    described: dict[str, str | None] = dict(rows)
    assert described.keys() >= set(VIEWS)
    assert all(described[view] for view in VIEWS)
