"""Something real breaks, and Slack hears of it: once, in time, and nothing else beside it."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest

from exporters.embedded import EmbeddedServer
from exporters.embedded.sample.batch import statement
from tests.alerts.stack import FACTOR, Stack, process, stack
from tests.docker.engine import Engine, started_engine
from tests.e2e.processes import Nearfield, free_port, nearfield, until
from tests.e2e.test_stream import now, send, settings
from tests.embedded.fixtures import run_apart, scratch_folder
from tests.fastly.traffic import request
from tests.programs import program

SOAK = bool(os.environ.get("NEARFIELD_TEST_SOAK"))
CALM = 10.0 if SOAK else 2.0
SLOW = 30.0
"""Seconds beyond what the rules ask for that a busy machine may need."""


def quiet(running: Stack, seconds: float = CALM) -> None:
    """Fail where anything is told, or fires, for a while."""
    began, told = monotonic(), len(running.slack.posts)
    while monotonic() < began + seconds:
        assert running.firing() == set()
        assert len(running.slack.posts) == told, running.slack.posts[told:]
        sleep(0.2)


def told(running: Stack, title: str, within: float) -> None:
    """Wait for the next message, which must be this one, in time."""
    already = len(running.slack.titles())
    until(lambda: len(running.slack.titles()) > already, title, within + SLOW)
    assert running.slack.titles()[already:] == [title], running.slack.posts


@pytest.fixture
def database() -> Iterator[EmbeddedServer]:
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
    database: EmbeddedServer, tmp_path: Path
) -> None:
    (tmp_path / "app_dsn").write_text(database.dsn("app"))
    text = '[downloads]\napp_dsn_file = "app_dsn"\ninterval = "1s"\n'
    exporter = f"127.0.0.1:{free_port()}"
    with (
        nearfield(tmp_path, text) as watching,
        process(
            tmp_path,
            program("prometheus-postgres-exporter", package="prometheus-postgres-exporter"),
            f"--web.listen-address={exporter}",
            DATA_SOURCE_NAME=f"{database.dsn('app')} sslmode=disable",
        ),
        stack(tmp_path, {"nearfield": [address(watching)], "postgres": [exporter]}) as running,
    ):
        until(lambda: running.up(4) and running.evaluated(), "all are scraped", 60)
        until(watching.ready, "Nearfield reads the app")
        quiet(running)
        run_apart(database.__aexit__(None, None, None))
        # A minute's window and a minute of `for`, then ten seconds of waiting for others.
        told(running, "Firing: DatabaseDown · database", 130 / FACTOR)
        sleep(CALM)
        run_apart(database.__aenter__())
        # Told with the group's next turn, five minutes after the first message.
        told(running, "Resolved: DatabaseDown · database", 330 / FACTOR)
        until(lambda: running.firing() == set(), "nothing fires any more", 60)
        quiet(running)


def address(watching: Nearfield) -> str:
    """Return where a Nearfield is scraped, once it can be: on a busy machine it starts slowly."""
    until(watching.metrics, "Nearfield answers", 60)
    return watching.url.removeprefix("http://")


@dataclass
class Traffic:
    """What the CDN does: sends a batch of lines four times a second, and says so by its API."""

    port: int
    status: int = 200
    silent: bool = False
    requests: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.ended.wait(0.25):
            lines = [
                request(time=now(), path="/", status=self.status, body_bytes=9, pop=pop)
                for pop in ("FRA", "JFK") * 20
            ]
            self.requests += len(lines)
            if not self.silent:
                send(self.port, *lines)


@contextmanager
def realtime(traffic: Traffic) -> Iterator[str]:
    """Serve the one number of the real-time API that a rule asks for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"fastly_rt_requests_total {traffic.requests}\n".encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threads = [threading.Thread(target=work) for work in (server.serve_forever, traffic.run)]
    for thread in threads:
        thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        traffic.ended.set()
        server.shutdown()
        for thread in threads:
            thread.join()
        server.server_close()


@pytest.mark.soak
@pytest.mark.long
def test_a_cdn_that_goes_silent_and_one_that_fails_are_told_once_each(tmp_path: Path) -> None:
    traffic = Traffic(free_port())
    with (
        nearfield(tmp_path, settings(tmp_path, traffic.port)) as watching,
        realtime(traffic) as api,
        stack(tmp_path, {"nearfield": [address(watching)], "fastly": [api]}) as running,
    ):
        until(lambda: running.up(4) and running.evaluated(), "all are scraped", 60)
        # Ten minutes of lines, so that none in as many means something.
        quiet(running, 600 / FACTOR + 5)
        traffic.silent = True
        told(running, "Firing: FastlySilent · cdn", 910 / FACTOR)
        traffic.silent = False
        told(running, "Resolved: FastlySilent · cdn", 330 / FACTOR)
        quiet(running)
        traffic.status = 503
        told(running, "Firing: ErrorBudgetBurnsFast · cdn", 140 / FACTOR)


@pytest.fixture
def engine() -> Iterator[Engine]:
    yield from started_engine()


@pytest.mark.soak
@pytest.mark.long
def test_a_killed_container_and_a_deploy_that_is_rolled_back_are_told_once_each(
    engine: Engine, tmp_path: Path
) -> None:
    good = asyncio.run(engine.image("shop:1", "exec sleep 1000"))
    bad = asyncio.run(engine.image("shop:2", "exec false"))
    engine("swarm", "init", "--advertise-addr=127.0.0.1", "--listen-addr=127.0.0.1:0")
    text = f'[containers]\n[docker]\nhost = "{engine.host}"\n'
    text += '[containers.deploys]\ninterval = "1s"\n'
    with (
        nearfield(tmp_path, text) as watching,
        stack(tmp_path, {"nearfield": [address(watching)]}) as running,
    ):
        until(lambda: running.up(3) and running.evaluated(), "all are scraped", 60)
        engine(
            *("service", "create", "--name=shop_web", "--network=host", "--detach"),
            *("--no-resolve-image", "--label=com.docker.stack.namespace=shop"),
            *("--update-failure-action=rollback", "--update-monitor=2s", "--restart-delay=1h"),
            good,
        )
        # A new service may lack replicas for fewer seconds than its alert waits.
        until(lambda: engine("ps", "-q", "--filter=name=shop_web"), "the service runs", 60)
        sleep(5)
        quiet(running)
        engine(
            *("run", "-d", "--name=hog", "--network=none", "--memory=16m", "--memory-swap=16m"),
            *("busybox:test", "sh", "-c", "sleep 5; tail /dev/zero; exec sleep 1000"),
        )
        told(running, "Firing: ContainerOutOfMemory · hog", 5 + 10 / FACTOR)
        told(running, "Resolved: ContainerOutOfMemory · hog", 900 / FACTOR)
        quiet(running)
        engine("service", "update", "--detach", "--no-resolve-image", f"--image={bad}", "shop_web")
        told(running, "Firing: DeployRolledBack · web · shop", 60)
        told(running, "Resolved: DeployRolledBack · web · shop", 1200 / FACTOR)
        quiet(running)
