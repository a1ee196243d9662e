"""A platform for end-to-end tests: the sample shows in a real server, and Nearfield beside it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from exporters.embedded import EmbeddedServer, sample
from tests.e2e.processes import Nearfield, Prometheus, nearfield, prometheus, until
from tests.embedded.fixtures import run_apart

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def app_database(embedded_server: EmbeddedServer) -> str:
    """The DSN, as its owner, of a database that plays the app's."""
    dsn = embedded_server.dsn("app")

    async def load() -> None:
        await embedded_server.create_database("app")
        await embedded_server.create_reader()
        async with await psycopg.AsyncConnection.connect(dsn) as connection:
            await sample.load(connection, datetime.now(UTC).date())

    run_apart(load())
    return dsn


@pytest.fixture(scope="session")
def running(
    app_database: str, embedded_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nearfield]:
    """A Nearfield that reads the app's database as a role that may only read."""
    folder = tmp_path_factory.mktemp("nearfield")
    (folder / "app_dsn").write_text(embedded_server.dsn("app", role="nearfield_reader"))
    (folder / "ledger_dsn").write_text(embedded_server.dsn("postgres"))
    settings = (
        '[ledger]\ndsn_file = "ledger_dsn"\n'
        '[downloads]\napp_dsn_file = "app_dsn"\ninterval = "1s"\n'
        f'queries = ["{ROOT / "queries"}/*.yml"]\n'
    )
    with nearfield(folder, settings) as process:
        until(process.ready, "every source is fresh")
        yield process


@pytest.fixture(scope="session")
def scraping(running: Nearfield, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has scraped `running` at least once."""
    folder: Path = tmp_path_factory.mktemp("prometheus")
    with prometheus(folder, running.url.removeprefix("http://")) as process:
        until(lambda: process.query("up == 1"), "Prometheus has scraped Nearfield")
        yield process
