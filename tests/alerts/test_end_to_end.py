"""Something real breaks, and Slack hears of it: once, in time, and nothing else beside it."""

from collections.abc import Iterator
from pathlib import Path
from time import sleep

import psycopg
import pytest

from exporters.embedded import EmbeddedServer
from exporters.embedded.sample.batch import statement
from tests.alerts.stack import CALM, process, stack
from tests.e2e.processes import Nearfield, free_port, nearfield, until
from tests.embedded.fixtures import run_apart, scratch_folder
from tests.programs import program


@pytest.fixture
def app() -> Iterator[EmbeddedServer]:
    """A server of this test's own with the app's tables, started."""
    with scratch_folder() as folder:
        server = EmbeddedServer(folder)

        async def start() -> None:
            await server.__aenter__()
            await server.create_database("app")

        run_apart(start())
        with psycopg.connect(server.dsn("app")) as connection:
            connection.execute(statement("tables.sql"))
        yield server
        run_apart(server.__aexit__(None, None, None))


def test_a_database_that_stops_is_one_message_and_one_when_it_is_back(
    app: EmbeddedServer, database: str, tmp_path: Path
) -> None:
    (tmp_path / "app_dsn").write_text(app.dsn("app"))
    (tmp_path / "ledger_dsn").write_text(database)
    text = '[downloads]\napp_dsn_file = "app_dsn"\ninterval = "1s"\n'
    text += '[ledger]\ndsn_file = "ledger_dsn"\n'
    exporter = f"127.0.0.1:{free_port()}"
    with (
        nearfield(tmp_path, text) as watching,
        process(
            tmp_path,
            program("prometheus-postgres-exporter", package="prometheus-postgres-exporter"),
            f"--web.listen-address={exporter}",
            DATA_SOURCE_NAME=f"{app.dsn('app')} sslmode=disable",
        ),
        stack(tmp_path, {"nearfield": [address(watching)], "postgres": [exporter]}) as running,
    ):
        until(watching.ready, "Nearfield reads the app")
        running.quiet()
        run_apart(app.__aexit__(None, None, None))
        # A minute's window and a minute of `for`, then ten seconds of waiting for others.
        running.tells("Firing: DatabaseDown · database", 130)
        sleep(CALM)
        run_apart(app.__aenter__())
        # Told with the group's next turn, five minutes after the first message.
        running.tells("Resolved: DatabaseDown · database", 330)
        running.ends()


def address(watching: Nearfield) -> str:
    """Return where a Nearfield is scraped, once it can be: on a busy machine it starts slowly."""
    until(watching.metrics, "Nearfield answers", 60)
    return watching.url.removeprefix("http://")
