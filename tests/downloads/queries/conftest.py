"""A database with a few shows, and what asks it."""

from collections.abc import AsyncIterator

import psycopg
import pytest
from pydantic import SecretStr

from exporters.core.database import Database
from tests.embedded.fixtures import database, embedded_server, new_database

__all__ = ["database", "embedded_server", "new_database"]

SHOWS = """
CREATE TABLE shows (slug text, listeners bigint, token text);
INSERT INTO shows VALUES ('rfc', 10, 'hunter2'), ('news', 20, 'hunter2'), ('gone', NULL, 'hunter2')
"""


@pytest.fixture
async def app(database: str) -> AsyncIterator[Database]:
    """The app's database: three shows, one of which has no listeners that anybody counted."""
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute(SHOWS)
    async with Database("the app", SecretStr(database)) as app:
        yield app


@pytest.fixture
async def owner(app: Database, database: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection of the app itself, which may write, and sees what others do."""
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        yield connection
