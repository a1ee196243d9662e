"""The database that plays the app's: made, filled with the sample shows, and asked about them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

import psycopg

from exporters.core.errors import StartError
from exporters.demo.screen import Screen
from exporters.embedded import sample
from exporters.embedded.server import EmbeddedServer

APP = "app"
READER = "nearfield_reader"
"""The role that Nearfield reads it as."""


@asynccontextmanager
async def sampled(server: EmbeddedServer, screen: Screen) -> AsyncIterator[None]:
    """Put the sample shows into the database; once for each folder."""
    with screen.step("sample data") as step:
        await server.create_database(APP)
        await server.create_reader(READER)
        async with await psycopg.AsyncConnection.connect(server.dsn(APP)) as connection:
            today = datetime.now(UTC).date()
            if not await sample.load(connection, today):
                await sample.advance(connection, today)
            step.result = await _size(connection)
    yield


async def born(server: EmbeddedServer) -> date:
    """Return the day on which the sample in the database was made."""
    async with await psycopg.AsyncConnection.connect(server.dsn(APP)) as connection:
        made = await sample.made_on(connection)
    if made is None:
        raise StartError("the sample shows are gone from the database of the demo")
    return made


async def _size(connection: psycopg.AsyncConnection) -> str:
    cursor = await connection.execute(
        "SELECT (SELECT count(*) FROM podcasts), (SELECT count(*) FROM episodes),"
        " (SELECT count(*) FROM episode_stats)"
    )
    shows, episodes, rows = await cursor.fetchone() or (0, 0, 0)
    return f"{shows} shows, {episodes:,} episodes, {rows:,} rows of daily downloads"
