"""The database fails in its ways: the rest stays fresh, the page stays true, and it recovers."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import psycopg
import pytest

from exporters.core.exporter import Exporter
from exporters.core.lifecycle import serve
from exporters.core.quantities import Address
from exporters.core.web.server import Listener
from exporters.core.web.surface import Surface
from tests.core.postgres import Postgres
from tests.downloads.bench import PARTS, Bench, bench
from tests.downloads.conftest import create_app

QUICK = {"interval": "100ms", "query_timeout": "1s"}
LOCKED = ("launches", "stats")
READING = ("exporters.core.database", "exporters.core.poller")
PASSWORD = "hunter-2-secret"


class Running:
    """The exporter as it runs, seen through HTTP."""

    def __init__(self, exporter: Bench, http: aiohttp.ClientSession) -> None:
        self.exporter = exporter
        self.http = http

    async def metrics(self) -> str:
        async with self.http.get("/metrics") as answer:
            assert answer.status == 200
            return await answer.text()

    async def ready(self) -> int:
        async with self.http.get("/readyz") as answer:
            return answer.status

    def polls(self, part: str) -> float:
        labels = {"exporter": "downloads", "source": part}
        return self.exporter.registry.get_sample_value("nearfield_polls_total", labels) or 0.0

    def fails(self, part: str) -> bool:
        return self.exporter.health(part).reason != ""

    def grow_old(self, *parts: str) -> None:
        """Let an hour pass over the snapshots of these parts."""
        for part in parts:
            poller = self.exporter.pollers[part]
            clock = poller._clock
            poller._clock = lambda clock=clock: clock() + 3600  # type: ignore[misc]


@asynccontextmanager
async def running(exporter: Bench) -> AsyncIterator[Running]:
    """Serve an exporter on a free port until the end."""
    stop = asyncio.Event()
    surface = Surface([exporter.exporter], exporter.registry)
    listener = Listener("web", surface.app(), Address("127.0.0.1", 0))
    front = Exporter("web", listeners=[listener])
    task = asyncio.create_task(serve([exporter.exporter, front], stop))
    try:
        await until(lambda: listener.address.port != 0)
        async with aiohttp.ClientSession(listener.url) as http:
            yield Running(exporter, http)
    finally:
        stop.set()
        await task


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.02)


async def test_a_locked_table_and_three_scrapers_cost_only_what_is_locked(
    postgres: Postgres, app_name: str, app: psycopg.Connection
) -> None:
    guests: list[int] = []

    async def scrape(running: Running) -> None:
        while True:
            assert "podcast_info{" in await running.metrics()
            guests.append(len(postgres.guests()))

    async with bench(postgres.conninfo(app_name), **QUICK) as exporter, running(exporter) as seen:
        await until(lambda: all(exporter.health(part).fresh for part in PARTS))
        scrapers = [asyncio.create_task(scrape(seen)) for _ in range(3)]
        with app.transaction():
            app.execute("LOCK TABLE episode_stats IN ACCESS EXCLUSIVE MODE")
            await until(lambda: all(exporter.failures(part, "timeout") >= 2 for part in LOCKED))
            before = {part: seen.polls(part) for part in PARTS}
            others = [part for part in PARTS if part not in LOCKED]
            await until(lambda: all(seen.polls(part) > before[part] + 3 for part in others))
            assert not any(seen.fails(part) for part in others)
            await until(lambda: not any("episode_stats" in q for _, q in postgres.guests()))
            seen.grow_old(*LOCKED)
            page = await seen.metrics()
            assert "podcast_episode_launch_downloads{" not in page
            assert "podcast_episode_downloads{" in page
            assert await seen.ready() == 503
        await until(lambda: not any(seen.fails(part) for part in PARTS))
        assert "podcast_episode_launch_downloads{" in await seen.metrics()
        assert await seen.ready() == 200
        for scraper in scrapers:
            assert not scraper.done(), "each scrape was answered"
            scraper.cancel()
        await asyncio.gather(*scrapers, return_exceptions=True)
    assert max(guests) <= 2


async def test_a_server_that_dies_and_comes_back_is_read_again(
    own_postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    await create_app(own_postgres, "app")
    with caplog.at_level(logging.INFO):
        async with (
            bench(own_postgres.conninfo("app"), **QUICK) as exporter,
            running(exporter) as seen,
        ):
            await until(lambda: all(exporter.health(part).fresh for part in PARTS))
            assert await seen.ready() == 200
            own_postgres.kill()
            await until(lambda: all(seen.fails(part) for part in PARTS))
            assert "podcast_info{" in await seen.metrics(), "true a moment ago"
            seen.grow_old(*PARTS)
            assert "podcast_info{" not in await seen.metrics()
            assert await seen.ready() == 503
            own_postgres.start()
            await until(lambda: not any(seen.fails(part) for part in PARTS))
            assert "podcast_info{" in await seen.metrics()
            assert await seen.ready() == 200
    down, back = (r.message for r in caplog.records if r.name.startswith(READING))
    assert down.startswith("app cannot be read, and is tried again: unavailable: app: ")
    assert back.startswith("app is back after ")


@pytest.mark.parametrize(
    ("keywords", "line"),
    [
        (
            {"user": "plain", "password": "wrong"},
            "rejected: app: the server refused the user or password",
        ),
        ({"host": "db.invalid"}, "unavailable: app: the host name cannot be resolved"),
        (
            {"port": 1},
            "unavailable: app: nothing listens at that address (does it run, is the port right?)",
        ),
        (
            {"dbname": "nothing", "user": "plain"},
            "rejected: app: the database of that name does not exist",
        ),
    ],
)
async def test_why_the_database_cannot_be_read_is_one_line_without_a_secret(
    postgres: Postgres, caplog: pytest.LogCaptureFixture, keywords: dict[str, str | int], line: str
) -> None:
    postgres.sql("DROP ROLE IF EXISTS plain")
    postgres.sql("CREATE ROLE plain LOGIN PASSWORD 'hunter-2-secret'")
    conninfo = postgres.conninfo(**({"host": "127.0.0.1", "password": PASSWORD} | keywords))  # type: ignore[arg-type]
    with caplog.at_level(logging.INFO):
        async with bench(conninfo) as exporter:
            await exporter.poll()
            await exporter.poll()
            health = exporter.health("podcasts")
    [record] = caplog.records
    assert record.message == f"app cannot be read, and is tried again: {line}"
    assert (health.fresh, health.reason) == (False, line)
