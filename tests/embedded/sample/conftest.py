"""The sample, loaded once for all tests that only read it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import date

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from exporters.embedded import EmbeddedServer, sample
from tests.embedded.fixtures import run_apart

# A Monday; two years before it there was a 29th of February.
TODAY = date(2026, 6, 1)
_NAME = "sample"


@pytest.fixture(scope="session")
def sample_dsn(embedded_server: EmbeddedServer) -> str:
    """The DSN of a database with the sample of TODAY; tests leave it as it is."""
    with psycopg.connect(embedded_server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(_NAME)))

    async def fill() -> None:
        async with open_connection(embedded_server.dsn(_NAME)) as connection:
            assert await sample.load(connection, TODAY)

    run_apart(fill())
    return embedded_server.dsn(_NAME)


@asynccontextmanager
async def open_connection(dsn: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def loaded(sample_dsn: str) -> Iterator[psycopg.Connection]:
    """A connection to the sample that can only read."""
    with psycopg.connect(sample_dsn, options="-c default_transaction_read_only=on") as connection:
        yield connection


@pytest.fixture
def new_sample(embedded_server: EmbeddedServer, sample_dsn: str) -> Iterator[Callable[[], str]]:
    """Copy the sample's database at each call and return the DSN of the copy."""
    names: list[str] = []
    with psycopg.connect(embedded_server.dsn("postgres"), autocommit=True) as connection:

        def copy() -> str:
            name = f"{_NAME}_copy_{len(names)}"
            names.append(name)
            connection.execute(
                SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                    Identifier(name), Identifier(_NAME)
                )
            )
            return embedded_server.dsn(name)

        yield copy
        for name in names:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
