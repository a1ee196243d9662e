import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from psycopg.sql import SQL

from exporters.core.database import Database
from exporters.core.exporter import Health
from exporters.core.exposition import negotiate, render
from exporters.core.telemetry import Telemetry
from exporters.downloads.queries import Queries
from exporters.downloads.queries.service import pace_of
from exporters.downloads.queries.source import QuerySource
from tests.downloads.queries.reading import query

LISTENERS = """
show_listeners:
  help: Listeners.
  labels: [slug]
  interval: 1s
  sql: SELECT slug, listeners FROM shows
"""
SHOWS = """
shows:
  help: Shows.
  interval: 1s
  sql: SELECT count(*) FROM shows
"""
SLEEPING = """
asleep:
  help: x
  interval: 1s
  sql: SELECT 1 FROM pg_sleep(60)
"""


@dataclass
class Page:
    """What a scraper sees, and what is known about each source."""

    queries: Queries
    registry: CollectorRegistry
    file: Path

    def sample(self, name: str, **labels: str) -> float | None:
        metrics = (m for c in self.queries.collectors for m in c.collect())
        text = render(metrics, negotiate(None)).decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if (sample.name, sample.labels) == (name, labels):
                    return sample.value
        return None

    def telemetry(self, name: str, query: str, **labels: str) -> float | None:
        labels |= {"exporter": "downloads", "source": f"query:{query}"}
        return self.registry.get_sample_value(f"nearfield_{name}", labels)

    def health(self, source: str) -> Health:
        (found,) = [h for s in self.queries.sources() if (h := s.health()).source == source]
        return found

    def sources(self) -> list[str]:
        return [source.health().source for source in self.queries.sources()]

    async def write(self, text: str) -> None:
        self.file.write_text(text)
        await self.queries.reload()


async def until(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while True:
            now = holds()
            if now if isinstance(now, bool) else await now:
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(text: str, folder: Path, **databases: Database) -> AsyncIterator[Page]:
    """Run the queries of one file; at the end every task is gone."""
    file = folder / "queries" / "a.yml"
    file.parent.mkdir()
    file.write_text(text)
    registry = CollectorRegistry()
    queries = Queries([file.parent / "*.yml"], databases, Telemetry(registry, "0"))
    before = asyncio.all_tasks()
    tasks = [asyncio.create_task(service.run()) for service in queries.services]
    try:
        yield Page(queries, registry, file)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert asyncio.all_tasks() == before


async def test_a_file_becomes_metrics(app: Database, tmp_path: Path) -> None:
    async with serving(LISTENERS + SHOWS, tmp_path, app=app) as page:
        await until(lambda: page.sample("shows") == 3.0)
        await until(lambda: page.sample("show_listeners", slug="rfc") == 10.0)
        assert page.sample("show_listeners", slug="gone") is None
        assert page.sources() == ["queries/a.yml", "query:show_listeners", "query:shows"]
        assert page.health("query:shows").fresh
        assert page.telemetry("polls_total", "shows") == 1
        assert page.telemetry("last_success_timestamp_seconds", "shows")
        assert page.sample("nearfield_definition_problems", file="queries/a.yml") == 0


async def test_a_query_that_fails_costs_no_other_anything_and_is_named(
    app: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = SHOWS.replace("shows:", "wrong:").replace("count(*)", "nothing")
    async with serving(wrong + SHOWS, tmp_path, app=app) as page:
        await until(lambda: page.sample("shows") == 3.0)
        await until(lambda: page.telemetry("poll_failures_total", "wrong", reason="mismatch") == 1)
        assert not page.health("query:wrong").fresh
        assert page.health("query:wrong").reason.startswith("mismatch: ")
        assert page.sample("wrong") is None
        (line,) = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
        assert line.startswith("downloads/query:wrong cannot be read")


async def test_a_query_recovers_without_a_restart_when_its_table_is_back(
    app: Database, owner: psycopg.AsyncConnection, tmp_path: Path
) -> None:
    await owner.execute("ALTER TABLE shows RENAME TO hidden")
    async with serving(SHOWS, tmp_path, app=app) as page:
        await until(lambda: page.telemetry("poll_failures_total", "shows", reason="mismatch") == 1)
        await owner.execute("ALTER TABLE hidden RENAME TO shows")
        await until(lambda: page.sample("shows") == 3.0)
        assert page.health("query:shows").reason == ""


async def test_what_changed_starts_anew_and_what_did_not_goes_on(
    app: Database, tmp_path: Path
) -> None:
    slow = LISTENERS.replace("1s", "1h")
    async with serving(slow + SHOWS, tmp_path, app=app) as page:
        await until(lambda: page.sample("show_listeners", slug="rfc") == 10.0)
        await until(lambda: page.sample("shows") == 3.0)
        await page.write(slow + SHOWS.replace("count(*)", "count(*) * 2"))
        await until(lambda: page.sample("shows") == 6.0)
        assert page.sample("show_listeners", slug="rfc") == 10.0
        assert page.telemetry("polls_total", "show_listeners") == 1


async def test_what_is_gone_leaves_nothing_behind(app: Database, tmp_path: Path) -> None:
    async with serving(LISTENERS + SHOWS, tmp_path, app=app) as page:
        await until(lambda: page.sample("shows") == 3.0)
        await page.write(LISTENERS)
        await until(lambda: page.telemetry("polls_total", "shows") is None)
        assert page.sample("shows") is None
        assert page.sources() == ["queries/a.yml", "query:show_listeners"]
        assert "query:shows" not in {
            sample.labels.get("source")
            for metric in page.registry.collect()
            for sample in metric.samples
        }


async def test_what_is_gone_is_cancelled_on_the_server(
    app: Database, owner: psycopg.AsyncConnection, tmp_path: Path
) -> None:
    async def asleep() -> bool:
        cursor = await owner.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()"
        )
        return await cursor.fetchone() == (1,)

    async def awake() -> bool:
        return not await asleep()

    async with serving(SLEEPING, tmp_path, app=app) as page:
        await until(asleep)
        await page.write(SHOWS)
        await until(lambda: page.sample("shows") == 3.0)
        assert await awake()
        await page.write(SLEEPING)
        await until(asleep)
    await until(awake)


async def test_a_broken_file_keeps_its_metrics(app: Database, tmp_path: Path) -> None:
    async with serving(SHOWS, tmp_path, app=app) as page:
        await until(lambda: page.sample("shows") == 3.0)
        await page.write(SHOWS + "\n  oops: [")
        assert page.sample("shows") == 3.0
        assert page.sample("nearfield_definition_problems", file="queries/a.yml") == 1
        assert page.health("queries/a.yml").reason.endswith("last good version is in use")
        await page.write(SHOWS.replace("count(*)", "count(*) * 2"))
        await until(lambda: page.sample("shows") == 6.0)


def test_values_stay_while_a_query_takes_longer_than_its_interval() -> None:
    pace = pace_of(query(SHOWS + "  deadline: 90s\n"))
    assert (pace.interval, pace.deadline, pace.max_age) == (1.0, 90.0, 120.0)


async def test_a_query_without_a_database_runs_on_the_first_there_is(
    app: Database, owner: psycopg.AsyncConnection, tmp_path: Path
) -> None:
    async with serving(SHOWS, tmp_path, ledger=app) as page:
        await until(lambda: page.sample("shows") == 3.0)
        await page.write(SHOWS + "  database: app\n")
        reason = page.health("queries/a.yml").reason
        assert "a.yml:6: shows.database: wants one that is configured here: ledger" in reason


async def test_a_slow_query_leaves_a_connection_to_others(
    app: Database, owner: psycopg.AsyncConnection, tmp_path: Path
) -> None:
    two = SLEEPING + SLEEPING.replace("asleep", "asleep_too")
    async with serving(two, tmp_path, app=app) as page:
        await until(lambda: page.telemetry("polls_total", "asleep") == 1)
        assert await app.fetch(SQL("SELECT 1"), deadline=1) == [(1,)]
        assert page.telemetry("polls_total", "asleep_too") == 0


async def test_from_a_source_that_does_not_run_here_is_told_in_a_clear_line(
    app: Database, tmp_path: Path
) -> None:
    async with serving("hits:\n  from: cdn\n" + SHOWS, tmp_path, app=app) as page:
        await until(lambda: page.sample("shows") == 3.0)
        assert page.health("queries/a.yml").reason == (
            "queries/a.yml:2: hits.from: nothing that runs here reads this source; there is: sql"
        )


async def test_a_bug_stops_the_process(
    app: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(QuerySource, "read", broken)
    (tmp_path / "a.yml").write_text(SHOWS)
    queries = Queries([tmp_path / "a.yml"], {"app": app}, Telemetry(CollectorRegistry(), "0"))

    async def run() -> None:
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            for service in queries.services:
                group.create_task(service.run())

    with pytest.raises(ExceptionGroup) as raised:
        await run()
    assert raised.group_contains(ZeroDivisionError)


async def test_without_patterns_there_is_nothing_to_run(app: Database) -> None:
    queries = Queries([], {"app": app}, Telemetry(CollectorRegistry(), "0"))
    assert queries.services == ()
    assert queries.sources() == ()
