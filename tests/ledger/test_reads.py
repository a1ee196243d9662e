"""What the ledger tells those who show it."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from exporters.core.database import Database
from exporters.core.errors import SourceMismatch
from exporters.ledger import EpisodeFacts
from exporters.ledger.reads import ReportRow, read_equivalents, read_report
from exporters.ledger.stream import LiveCount, Subscribers, read_stream
from tests.fastly.traffic import NOON, Counting, counting, part, request

FULL = {"status": 200, "body_bytes": 10_000_000, "range": "", "content_range": ""}


@pytest.fixture
async def count(database: str, tmp_path: Path) -> AsyncIterator[Counting]:
    async with counting(database, tmp_path) as state:
        published = NOON - timedelta(days=2)
        await state.tell(EpisodeFacts("show", "1", "One", 10_000_000, 600.0, published))
        yield state


async def test_a_snapshot_has_sums_counters_and_subscribers(count: Counting) -> None:
    await count.send(
        request(**FULL),
        part(0, 1_000_000, client_ip="192.0.2.2"),
        request(user_agent="Bot/1", client_ip="192.0.2.3"),
        request(path="/show/feed", user_agent="Reader feed-id:1 9 subscribers", status=200),
        request(path="/show/feed", user_agent="Reader feed-id:2 2 subscribers", status=200),
    )
    found = await read_stream(count.ledger.database, count.now, deadline=10)
    (episode,) = found.episodes
    assert (episode.podcast, episode.episode, episode.downloads) == ("show", "1", 2)
    assert (episode.requests, episode.sent) == (3, 12_000_000)
    assert episode.launch == (0, 2, 2, 2, 2)
    assert episode.tenths == (2, 1, 1, 1, 1, 1, 1, 1, 1, 1)
    assert found.last_day == date(2026, 10, 9)
    assert found.subscribers == [Subscribers("show", "Reader", 11)]
    assert LiveCount("downloads", "show", "1", 2) in found.counters
    assert LiveCount("requests", "show", "bot", 1) in found.counters
    assert LiveCount("country_downloads", "show", "DE", 2) in found.counters
    assert LiveCount("delivered_bytes", "show", "", 12_000_000) in found.counters
    assert LiveCount("feed_requests", "show", "Reader", 2) in found.counters


async def test_counters_are_summed_over_workers(count: Counting) -> None:
    await count.send(request())
    object.__setattr__(count.recorder, "worker", lambda: "two")
    await count.send(request(client_ip="192.0.2.2"))
    found = await read_stream(count.ledger.database, count.now, deadline=10)
    assert [each.value for each in found.counters if each.family == "downloads"] == [2]


async def test_a_reader_that_stops_asking_expires(count: Counting) -> None:
    await count.send(request())
    await count.send(request(path="/show/feed", user_agent="Reader 9 subscribers", status=200))
    later = count.now + timedelta(days=7)
    found = await read_stream(count.ledger.database, later, deadline=10)
    assert found.subscribers == []


async def test_a_new_ledger_knows_young_episodes_and_no_counts(count: Counting) -> None:
    old = count.now - timedelta(days=91)
    await count.tell(EpisodeFacts("show", "0", "Old", 10_000_000, 600.0, old))
    found = await read_stream(count.ledger.database, count.now, deadline=10)
    assert [(each.episode, each.downloads) for each in found.episodes] == [("1", 0)]
    assert (found.counters, found.began, found.last_day) == ([], {}, None)


async def test_each_show_began_with_its_first_request(count: Counting) -> None:
    await count.send(request(), request(time=(NOON + timedelta(hours=1)).isoformat()))
    found = await read_stream(count.ledger.database, count.now, deadline=10)
    assert found.began == {"show": NOON}


async def test_a_ledger_that_was_never_prepared_is_a_mismatch(database: str) -> None:
    async with Database("the ledger", SecretStr(database)) as empty:
        with pytest.raises(SourceMismatch):
            await read_stream(empty, NOON, deadline=10)


async def test_a_report_has_a_row_for_each_episode_of_the_days(count: Counting) -> None:
    count.now = NOON + timedelta(days=1, hours=5)
    await count.send(
        request(**FULL),
        request(**FULL, time=(NOON + timedelta(days=1)).isoformat()),
        part(0, 500_000, client_ip="192.0.2.2"),
        request(path="/uploads/other/9/x.mp3"),
        request(path="/uploads/other/9/x.mp3", status=404, body_bytes=99),
    )
    database = count.ledger.database
    first, end = date(2026, 10, 9), date(2026, 10, 10)
    assert await read_report(database, first, end, deadline=10) == [
        ReportRow("other", "9", 1, 1, 1_000_000, None, 2, assumed=True),
        ReportRow("show", "1", 1, 1, 10_500_000, 1.05, 2),
    ]
    (row,) = await read_report(database, first, date(2026, 10, 11), "show", deadline=10)
    assert (row.downloads, row.listeners, row.file_equivalents) == (2, 2, 2.05)
    assert await read_report(database, date(2026, 10, 12), date(2026, 10, 13), deadline=10) == []


async def test_equivalents_are_bytes_by_the_sizes_of_files(count: Counting) -> None:
    await count.send(request(**FULL), part(0, 500_000), request(path="/uploads/other/9/x.mp3"))
    found = await read_equivalents(count.ledger.database, date(2026, 10, 9), deadline=10)
    assert found == {"show": pytest.approx(1.05)}
