"""What the log stream came to is shown as the ledger has it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from psycopg.sql import SQL

from exporters.downloads.stream import sheet
from exporters.ledger import EpisodeFacts
from exporters.ledger.stream import read_stream
from tests.downloads.bench import Bench, bench
from tests.fastly.traffic import Counting, counting, part, request

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
async def count(database: str, tmp_path: Path) -> AsyncIterator[Counting]:
    async with counting(database, tmp_path) as state:
        state.now = NOW
        published = NOW - timedelta(days=40)
        await state.tell(
            EpisodeFacts("show", "1", "One", 10_000_000, 600.0, NOW - timedelta(minutes=1)),
            EpisodeFacts("show", "0", "Zero", 10_000_000, 600.0, published),
        )
        yield state


@pytest.fixture
async def shown(count: Counting) -> AsyncIterator[Bench]:
    async with bench(None, count.ledger.database) as on_bench:
        yield on_bench


def at(**changes: object) -> dict[str, object]:
    return request(**{"time": NOW.isoformat(), **changes})


async def test_nothing_is_shown_before_the_first_line(shown: Bench) -> None:
    await shown.poll("ledger")
    assert not any(values for values in shown.page().values())
    assert shown.health("ledger").fresh


async def test_counters_begin_at_zero_and_then_count(count: Counting, shown: Bench) -> None:
    await count.send(at(status=404, body_bytes=9))
    await shown.poll("ledger")
    assert shown.page()["podcast_downloads"] == {
        ("show", "1"): 0.0,
        ("show", "0"): 0.0,
        ("show", "older"): 0.0,
    }
    await count.send(at(), part(0, 1_000_000, time=NOW.isoformat(), client_ip="192.0.2.2"))
    await shown.poll("ledger")
    page = shown.page()
    assert page["podcast_downloads"]["show", "1"] == 2
    assert page["podcast_country_downloads"] == {("show", "DE"): 2}
    assert page["podcast_app_downloads"] == {("show", "Player"): 2}
    assert page["podcast_delivered_tenths"]["show", "1"] == 2
    assert page["podcast_delivered_tenths"]["show", "2"] == 0
    assert page["podcast_requests"]["show", "counted"] == 2
    assert page["podcast_requests"]["show", "bot"] == 0
    assert page["podcast_delivered_bytes"] == {("show",): 2_000_000}


async def test_gauges_are_the_ledgers_sums(count: Counting, shown: Bench) -> None:
    await count.send(at(), at(path="/uploads/show/0/x.mp3"))
    await shown.poll("ledger")
    page = shown.page()
    assert page["podcast_episode_downloads"]["show", "1", "stream"] == 1
    assert page["podcast_episode_listeners"]["show", "0", "stream"] == 1
    assert page["podcast_all_time_downloads"] == {("show", "stream"): 2}
    midnight = NOW.replace(hour=0, minute=0, second=0).timestamp()
    assert page["podcast_stats_last_day_timestamp_seconds"] == {("stream",): midnight}


async def test_tenths_are_those_of_episodes_younger_than_a_month(
    count: Counting, shown: Bench
) -> None:
    await count.send(at(), at(path="/uploads/show/0/x.mp3"))
    await shown.poll("ledger")
    tenths = shown.page()["podcast_episode_delivered_tenth_listeners"]
    assert tenths["show", "1", "1"] == 1
    assert tenths["show", "1", "10"] == 0
    assert {episode for _, episode, _ in tenths} == {"1"}


async def test_a_launch_before_the_first_line_is_not_shown(count: Counting) -> None:
    await count.send(at(), at(path="/uploads/show/0/x.mp3"))
    published = NOW.replace(minute=0, second=0) + timedelta(hours=1)
    await count.tell(EpisodeFacts("show", "2", "Two", 10_000_000, 600.0, published))
    later = published + timedelta(hours=1)
    count.now = later
    await count.send(at(path="/uploads/show/2/x.mp3", time=later.isoformat()))
    found = await read_stream(count.ledger.database, later, deadline=10)
    launches = dict(sheet(found, later)["podcast_episode_launch_downloads"])
    assert launches["show", "2", "stream", "1"] == 1
    assert ("show", "0", "stream", "1") not in launches


async def test_a_ledger_that_forgot_its_tables_is_told_and_others_are_not(
    count: Counting, shown: Bench
) -> None:
    await count.send(at())
    await shown.poll("ledger")
    async with count.ledger.database.writing() as connection:
        await connection.execute(SQL("DROP SCHEMA nearfield CASCADE"))
    await shown.poll("ledger")
    assert "mismatch" in shown.health("ledger").reason
    assert shown.failures("ledger", "mismatch") == 1
