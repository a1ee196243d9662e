"""A real PostgreSQL for tests: one server for the session, a fresh database for each test.

The server is the one that Nearfield embeds, fsync and all. Its folder lies in memory where there is
room, which takes a new database from 250 ms to 50 ms.
"""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from exporters.embedded import EmbeddedServer
from exporters.embedded.folder import Layout
from exporters.embedded.postmaster import State, look, shut_down

_MEMORY = Path("/dev/shm")
_ROOM = 2 * 2**30


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a folder that goes at the end, in memory where that has room for a server or two."""
    in_memory = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    with tempfile.TemporaryDirectory(
        prefix="nearfield-test-", dir=_MEMORY if in_memory else None
    ) as folder:
        yield Path(folder)


def run_apart(work: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine on a loop of its own, leaving the loop of pytest-asyncio alone."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(work)
    finally:
        loop.close()


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[EmbeddedServer]:
    """The server that all tests share; none of them may stop it."""
    with scratch_folder() as folder:
        server = EmbeddedServer(folder)
        run_apart(server.__aenter__())
        try:
            yield server
        finally:
            run_apart(server.__aexit__(None, None, None))


@pytest.fixture
def new_database(embedded_server: EmbeddedServer) -> Iterator[Callable[[], str]]:
    """Create an empty database at each call and return its DSN; all are dropped at the end."""
    names: list[str] = []
    numbers = count()
    strategy = SQL("file_copy" if _MEMORY in embedded_server.data_dir.parents else "wal_log")
    with psycopg.connect(embedded_server.dsn("postgres"), autocommit=True) as connection:

        def create() -> str:
            name = f"test_{next(numbers)}"
            connection.execute(
                SQL("CREATE DATABASE {} TEMPLATE template0 STRATEGY {}").format(
                    Identifier(name), strategy
                )
            )
            names.append(name)
            return embedded_server.dsn(name)

        yield create
        for name in names:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    """The DSN of an empty database of this test's own."""
    return new_database()


@pytest.fixture(scope="session")
def initialized_folder() -> Iterator[Path]:
    """A data_dir in which a server has run; copy it, since `initdb` takes a second."""
    with scratch_folder() as folder:
        data_dir = folder / "data"

        async def start_and_stop() -> None:
            async with EmbeddedServer(data_dir):
                pass

        run_apart(start_and_stop())
        yield data_dir


@pytest.fixture
def data_dir(initialized_folder: Path) -> Iterator[Path]:
    """A data_dir of this test's own, with a server in it that does not run."""
    with scratch_folder() as folder:
        copy = folder / "data"
        subprocess.run(["cp", "-a", initialized_folder, copy], check=True)
        yield copy
        # Where a test failed half-way.
        layout = Layout.under(copy)
        if copy.exists() and look(layout).state is not State.GONE:
            run_apart(shut_down(layout, 5))
