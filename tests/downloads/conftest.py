"""A small app's database on a real PostgreSQL, fresh for each test."""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from exporters.embedded.sample import create_tables
from tests.core.postgres import Postgres, own_postgres, postgres, running_postgres
from tests.downloads.bench import Bench, bench

__all__ = ["own_postgres", "postgres", "running_postgres"]

_numbers = count()


async def create_app(postgres: Postgres, name: str) -> None:
    """Create a database with the app's tables and the rows of `app.sql`."""
    await _execute(postgres, SQL("CREATE DATABASE {}").format(Identifier(name)))
    async with await psycopg.AsyncConnection.connect(postgres.conninfo(name)) as connection:
        await create_tables(connection)
        rows = Path(__file__).with_name("app.sql").read_bytes()
        await connection.execute(rows)


@pytest.fixture
async def app_name(postgres: Postgres) -> AsyncIterator[str]:
    """The name of an app's database of this test's own."""
    name, template = f"app_{next(_numbers)}", "app_template"
    known = postgres.sql("SELECT 1 FROM pg_database WHERE datname = %s", template)
    if not known:
        await create_app(postgres, template)
    copy = SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template))
    await _execute(postgres, copy)
    yield name
    await _execute(postgres, SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def app(postgres: Postgres, app_name: str) -> Iterator[psycopg.Connection]:
    """A connection of the app's own to its database, every statement committed at once."""
    with psycopg.connect(postgres.conninfo(app_name), autocommit=True) as connection:
        yield connection


@pytest.fixture
async def exporter(postgres: Postgres, app_name: str) -> AsyncIterator[Bench]:
    """The exporter over the app's database."""
    async with bench(postgres.conninfo(app_name)) as on_bench:
        yield on_bench


async def _execute(postgres: Postgres, query: psycopg.sql.Composed) -> None:
    conninfo = postgres.conninfo()
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute(query)
