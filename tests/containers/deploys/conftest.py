"""A real ledger for tests of deploys."""

from collections.abc import AsyncIterator
from itertools import count

import pytest
from psycopg.sql import SQL, Identifier

from exporters.containers.deploys import watcher
from exporters.core.database import Database
from exporters.ledger.migrate import migrate
from tests.core.postgres import Postgres, own_postgres, postgres

__all__ = ["own_postgres", "postgres"]

_numbers = count()


@pytest.fixture(autouse=True)
def close_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look more often than in life."""
    monkeypatch.setattr(watcher, "_BUSY", 0.4)
    monkeypatch.setattr(watcher, "_BREATH", 0.1)


@pytest.fixture
async def ledger_name(postgres: Postgres) -> str:
    """The name of a database of this test's own, with the ledger's tables."""
    name = f"deploys_{next(_numbers)}"
    async with Database("admin", postgres.secret()) as admin, admin._connection(SQL("")) as open_:
        await open_.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    async with Database("the ledger", postgres.secret(name)) as database:
        await migrate(database)
    return name


@pytest.fixture
async def ledger(postgres: Postgres, ledger_name: str) -> AsyncIterator[Database]:
    """A ledger of this test's own."""
    async with Database("the ledger", postgres.secret(ledger_name)) as database:
        yield database
