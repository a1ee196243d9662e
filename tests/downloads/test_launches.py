"""Launch windows are read again when the stats changed, and not before."""

from collections.abc import Callable

import psycopg
import pytest
from prometheus_client import CollectorRegistry
from psycopg.sql import SQL

from exporters.core.database import Database, Rows
from exporters.core.poller import Pace
from exporters.core.telemetry import Telemetry
from exporters.downloads.launches import REREAD, launches
from exporters.downloads.metrics import problem_family
from exporters.downloads.problems import Problems
from exporters.downloads.source import AppSource, Reader
from tests.core.postgres import Postgres
from tests.downloads.bench import Bench

FAMILY = "podcast_episode_launch_downloads"
ONE = ("ship", "1", "app", "1")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many episodes each poll asked the sums of."""
    asked: list[int] = []
    rows = Reader.rows

    async def counting(
        self: Reader, query: SQL, params: dict[str, list[int]] | None = None
    ) -> Rows:
        if params:
            asked.append(len(params["ids"]))
        return await rows(self, query, params)

    monkeypatch.setattr(Reader, "rows", counting)
    return asked


def shown(exporter: Bench) -> dict[tuple[str, ...], float]:
    return exporter.page()[FAMILY]


async def until_shown(exporter: Bench, true: Callable[[], bool]) -> None:
    # PostgreSQL's counters of changes may lag some seconds behind a busy session.
    for _ in range(1000):
        await exporter.poll("launches")
        if true():
            return
    pytest.fail("the change was not noticed")


async def test_stats_that_did_not_change_are_read_once(exporter: Bench, asked: list[int]) -> None:
    for _ in range(3):
        await exporter.poll("launches")
    assert asked == [4]
    assert shown(exporter)[ONE] == 500


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE episode_stats SET downloads = 499 WHERE episode_id = 1 AND downloads = 500",
        "DELETE FROM episode_stats WHERE episode_id = 1",
        "TRUNCATE episode_stats",
        "DROP TABLE episode_stats",
    ],
)
async def test_stats_that_changed_are_read_again(
    exporter: Bench, app: psycopg.Connection, change: str
) -> None:
    await exporter.poll("launches")
    app.execute(change.encode())
    app.close()  # a session that goes tells what it did at once
    await until_shown(exporter, lambda: exporter.page().get(FAMILY, {}).get(ONE) != 500)


async def test_only_a_new_episode_is_looked_up_when_no_stats_changed(
    exporter: Bench, app: psycopg.Connection, asked: list[int]
) -> None:
    await exporter.poll("launches")
    app.execute("UPDATE episodes SET published_at = now() - interval '1 minute' WHERE id = 3")
    await exporter.poll("launches")
    assert asked == [4, 1]


async def test_an_episode_whose_day_moved_is_looked_up_again(
    exporter: Bench, app: psycopg.Connection
) -> None:
    await exporter.poll("launches")
    app.execute("UPDATE episodes SET published_at = published_at - interval '1 day' WHERE id = 1")
    await exporter.poll("launches")
    assert shown(exporter)[ONE] == 1000, "the row of the day before"


async def test_a_new_slug_is_shown_without_looking_anything_up(
    exporter: Bench, app: psycopg.Connection, asked: list[int]
) -> None:
    await exporter.poll("launches")
    app.execute("UPDATE episodes SET slug = 'one' WHERE id = 1")
    await exporter.poll("launches")
    assert shown(exporter)["ship", "one", "app", "1"] == 500
    assert ONE not in shown(exporter)
    assert asked == [4]


async def test_everything_is_read_again_now_and_then_whatever_the_server_says(
    postgres: Postgres, app_name: str, asked: list[int]
) -> None:
    now = [0.0]
    problems = Problems("app", "app", problem_family())
    telemetry = Telemetry(CollectorRegistry(), "0")
    async with Database("app", postgres.secret(app_name)) as app:
        part = launches(clock=lambda: now[0])
        source = AppSource(part, app, Pace.every(60), 5, problems, telemetry)
        for moment in (0.0, REREAD - 1, REREAD, REREAD + 1):
            now[0] = moment
            await source.read()
    assert asked == [4, 4]


async def test_a_view_whose_changes_nobody_counts_is_read_each_time(
    exporter: Bench, app: psycopg.Connection, asked: list[int]
) -> None:
    app.execute("ALTER TABLE episode_stats RENAME TO stats_behind")
    app.execute("CREATE VIEW episode_stats AS SELECT * FROM stats_behind")
    await exporter.poll("launches")
    await exporter.poll("launches")
    assert asked == [4, 4]
