"""The demo, of which things break: Slack hears of each, once, in time, and of nothing beside it.

These are one story on one demo: each test leaves it as quiet as it was.
"""

import asyncio
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import kill
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

import pytest

from exporters.demo.audience import TOKEN
from exporters.embedded import EmbeddedServer
from exporters.embedded.folder import Layout
from exporters.embedded.locks import turn
from exporters.embedded.postmaster import shut_down
from exporters.embedded.traffic import CDN_HOST
from tests.alerts.stack import CALM, FACTOR, Stack, process, stack
from tests.answering import answering
from tests.docker.engine import Engine, started_engine
from tests.e2e.processes import free_port, get, until
from tests.e2e.test_stream import now, send
from tests.fastly.traffic import request
from tests.programs import program

pytestmark = [pytest.mark.soak, pytest.mark.long, pytest.mark.timeout(1800)]

AN_HOUR = 3600


@dataclass(frozen=True)
class Demo:
    """A demo on a calm day, what watches it, and the Docker engine that it shows."""

    folder: Path
    url: str
    engine: Engine
    watched: Stack

    def listeners(self) -> tuple[int, str]:
        """Return the process that plays the CDN, and the address that it sends lines to."""
        done = subprocess.run(
            ["ps", "-ewwo", "pid,args"], capture_output=True, text=True, check=True
        )
        found = rf"(\d+) \S+ -m exporters\.demo\.listeners {self.folder} (\S+) "
        [[pid, url]] = re.findall(found, done.stdout)
        return int(pid), url


@contextmanager
def statistics() -> Iterator[str]:
    """Serve the one number of Fastly's own statistics that a rule asks for: people listen on."""

    with answering(
        lambda _: (200, f"fastly_rt_requests_total {250 * monotonic():.0f}\n")
    ) as address:
        yield address


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """An engine of its own: a swarm is not for those who share one."""
    yield from started_engine()


@pytest.fixture(scope="module")
def demo(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("stage")
    data = folder / "demo"
    engine("swarm", "init", "--advertise-addr=127.0.0.1", "--listen-addr=127.0.0.1:0")
    command = (sys.executable, "-m", "exporters", "demo", "--scenario=calm", f"--data-dir={data}")
    exporter = f"127.0.0.1:{free_port()}"
    dsn = EmbeddedServer(data).dsn("app")
    # Without the neighbours of its own: those that watch it here have rules that run faster.
    with process(folder, *command, DOCKER_HOST=engine.host, PATH=str(folder)) as running:
        log = folder / f"{Path(sys.executable).name}.log"
        until(
            lambda: running.poll() is not None or "Ctrl-C ends all of it" in log.read_text(),
            "the demo is there",
            120,
        )
        found = re.search(r"Nearfield +(http://\S+)/", log.read_text())
        assert found, log.read_text()
        with (
            process(
                folder,
                program("prometheus-postgres-exporter", package="prometheus-postgres-exporter"),
                f"--web.listen-address={exporter}",
                DATA_SOURCE_NAME=f"{dsn} sslmode=disable",
            ),
            statistics() as fastly,
            stack(
                folder,
                {
                    "nearfield": [urlsplit(found[1]).netloc],
                    "postgres": [exporter],
                    "fastly": [fastly],
                },
            ) as watched,
        ):
            yield Demo(data, found[1], engine, watched)
            assert running.poll() is None, log.read_text()
    assert running.returncode == 0, log.read_text()


def test_a_calm_day_is_quiet(demo: Demo) -> None:
    demo.watched.quiet(AN_HOUR / FACTOR)


def test_a_database_that_stops_is_told_once_and_what_follows_from_it_is_not(demo: Demo) -> None:
    layout = Layout.under(demo.folder)

    async def stop_until_told() -> None:
        # The demo starts a server again that has died, but for one whose turn somebody holds.
        async with turn(layout.change, 10):
            await shut_down(layout, 10)
            await asyncio.to_thread(
                demo.watched.tells, "Firing: DatabaseDown · database", within=130
            )

    asyncio.run(stop_until_told())
    demo.watched.tells("Resolved: DatabaseDown · database", within=330)
    until(lambda: get(f"{demo.url}/readyz")[0] == 200, "all is fresh again", 60)
    demo.watched.ends()


def test_a_cdn_whose_lines_stop_is_told_once(demo: Demo) -> None:
    pid, _ = demo.listeners()
    kill(pid, signal.SIGSTOP)
    try:
        demo.watched.tells("Firing: FastlySilent · cdn", within=910)
    finally:
        kill(pid, signal.SIGCONT)
    demo.watched.tells("Resolved: FastlySilent · cdn", within=600)
    demo.watched.ends()


@dataclass
class Failures:
    """Errors beside the lines of listeners: forty, four times a second, in the CDN's words."""

    demo: Demo
    error: str
    ended: threading.Event = field(default_factory=threading.Event)
    refused: int = 0

    def run(self) -> None:
        port = urlsplit(self.demo.listeners()[1]).port or 0
        token = (self.demo.folder / TOKEN).read_text()
        while not self.ended.wait(0.25):
            failed = {"path": "/", "status": 503, "body_bytes": 9, "error": self.error}
            lines = [
                request(time=now(), host=CDN_HOST, pop=pop, **failed) for pop in ("FRA", "JFK") * 20
            ]
            self.refused += send(port, *lines, token=token) != 200


@contextmanager
def failures(demo: Demo, error: str) -> Iterator[None]:
    failing = Failures(demo, error)
    thread = threading.Thread(target=failing.run)
    thread.start()
    try:
        yield
    finally:
        failing.ended.set()
        thread.join()
    assert failing.refused == 0


def test_an_app_that_answers_with_errors_is_told_once(demo: Demo) -> None:
    with failures(demo, error=""):
        demo.watched.tells("Firing: ErrorBudgetBurnsFast · cdn", within=400)
    # Six hours remember it for as long as half an hour does.
    demo.watched.tells("Resolved: ErrorBudgetBurnsFast · cdn", within=1800 + 300 + 300)
    demo.watched.ends()


def test_an_origin_that_is_gone_is_told_once_and_the_level_that_it_breaks_is_not(
    demo: Demo,
) -> None:
    with failures(demo, error="Connection refused"):
        demo.watched.tells("Firing: CdnOriginErrors · cdn", within=250)
        sleep(CALM)
    demo.watched.tells("Resolved: CdnOriginErrors · cdn", within=120 + 300 + 300)
    demo.watched.ends()


def test_a_container_that_runs_out_of_memory_is_told_once(demo: Demo) -> None:
    demo.engine(
        *("run", "-d", "--name=hog", "--network=none", "--memory=16m", "--memory-swap=16m"),
        *("busybox:test", "sh", "-c", "sleep 5; tail /dev/zero; exec sleep 1000"),
    )
    demo.watched.tells("Firing: ContainerOutOfMemory · hog", within=10 + 5 * FACTOR)
    demo.watched.tells("Resolved: ContainerOutOfMemory · hog", within=900)
    demo.watched.ends()


def test_a_deploy_that_is_rolled_back_is_told_once(demo: Demo) -> None:
    engine = demo.engine
    good = asyncio.run(engine.image("shop:1", "exec sleep 1000"))
    bad = asyncio.run(engine.image("shop:2", "exec false"))
    engine(
        *("service", "create", "--name=shop_web", "--network=host", "--detach"),
        *("--no-resolve-image", "--label=com.docker.stack.namespace=shop"),
        *("--update-failure-action=rollback", "--update-monitor=2s", "--restart-delay=1h"),
        good,
    )
    # A new service may lack replicas for fewer seconds than its alert waits.
    until(lambda: engine("ps", "-q", "--filter=name=shop_web"), "the service runs", 60)
    sleep(CALM)
    demo.watched.quiet()
    engine("service", "update", "--detach", "--no-resolve-image", f"--image={bad}", "shop_web")
    demo.watched.tells("Firing: DeployRolledBack · web · shop", within=60 * FACTOR)
    demo.watched.tells("Resolved: DeployRolledBack · web · shop", within=1200)
    demo.watched.ends()
