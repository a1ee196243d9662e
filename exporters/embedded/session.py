"""How a client speaks to the server: its address, and one statement as the superuser."""

import asyncio

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Composed

from exporters.core.errors import StartError
from exporters.embedded.cluster import ROLE
from exporters.embedded.folder import PORT, Layout

_ANSWER = 10
"""Seconds that a server that is ready has to answer in."""


def address(layout: Layout, database: str, role: str = ROLE) -> str:
    """Return the libpq connection string for a database."""
    return make_conninfo(
        host=str(layout.socket), port=PORT, dbname=database, user=role, connect_timeout=_ANSWER
    )


async def execute(layout: Layout, statement: SQL | Composed, *values: str) -> int:
    """Run one statement outside a transaction and return how many rows it gave.

    Raises StartError where the server cannot be reached; other errors of the statement as they are.
    """
    try:
        async with (
            asyncio.timeout(_ANSWER),
            await psycopg.AsyncConnection.connect(
                address(layout, "postgres"), autocommit=True
            ) as connection,
        ):
            cursor = await connection.execute(statement, values or None)
            return cursor.rowcount
    except (psycopg.OperationalError, TimeoutError) as error:
        said = " ".join(str(error).split()) or f"no answer within {_ANSWER} s"
        raise StartError(f"PostgreSQL in {layout.root} cannot be used: {said}") from error
