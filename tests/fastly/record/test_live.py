"""Live counters, launch windows, tenths: what the ledger keeps for the page of metrics."""

from datetime import timedelta

import pytest

from exporters.ledger import EpisodeFacts
from tests.fastly.traffic import NOON, Counting, part, request


async def test_a_download_that_began_long_ago_is_not_live(count: Counting) -> None:
    count.now = NOON + timedelta(hours=6, minutes=1)
    await count.send(request(), request(client_ip="192.0.2.2", time=count.now.isoformat()))
    assert await count.downloads() == {("2026-10-09", "1"): 2}
    assert await count.live("downloads") == {"1": 1}
    assert await count.live("requests") == {"counted": 1}
    assert await count.live("delivered_bytes") == {"": 1_000_000}
    assert await count.live("country_downloads") == {"DE": 1}
    assert await count.live("app_downloads") == {"Player": 1}


async def test_a_backfill_moves_no_live_counter(count: Counting) -> None:
    recorded = await count.backfill(request(), request(path="/show/feed", status=200))
    assert await count.downloads() == {("2026-10-09", "1"): 1}
    assert await count.rows("SELECT * FROM nearfield.counters") == []
    assert recorded.streams == []


async def test_old_episodes_are_counted_as_older_and_stay_so(count: Counting) -> None:
    old = NOON - timedelta(days=90)
    await count.tell(
        EpisodeFacts("show", "young", None, None, None, old + timedelta(hours=1)),
        EpisodeFacts("show", "old", None, None, None, old),
    )
    for name in ("young", "old"):
        await count.send(request(path=f"/uploads/show/{name}/x.mp3"))
    assert await count.live("downloads") == {"young": 1, "older": 1}
    count.now += timedelta(hours=2)
    await count.send(request(path="/uploads/show/young/x.mp3", client_ip="192.0.2.2"))
    assert await count.live("downloads") == {"young": 1, "older": 2}


async def test_the_first_time_that_a_download_holds_a_tenth_counts(count: Counting) -> None:
    await count.send(part(0, 999_999))
    assert await count.live("delivered_tenths") == {}
    await count.send(part(999_999, 2_000_001))
    assert await count.live("delivered_tenths") == {"1": 1, "2": 1, "3": 1}
    await count.send(part(0, 3_500_000), part(9_000_000, 1_000_000))
    assert await count.live("delivered_tenths") == {"1": 1, "2": 1, "3": 1, "10": 1}
    tenths = await count.value("SELECT tenths FROM nearfield.totals")
    assert tenths == [1, 1, 1, 0, 0, 0, 0, 0, 0, 1]


async def test_bytes_without_a_range_are_taken_for_the_beginning(count: Counting) -> None:
    line = {"timestamp": NOON.isoformat(), "url": "/uploads/show/1/1.mp3", "client_ip": "192.0.2.1"}
    line |= {"request_method": "GET", "response_status": "206", "request_user_agent": "Player/1"}
    for n in (1, 2):
        await count.send(line | {"response_body_size": 1_500_000, "request_referer": f"{n}"})
    assert await count.value("SELECT tenths FROM nearfield.totals") == [1] * 3 + [0] * 7
    await count.send(line | {"response_body_size": 90_000_000})
    assert await count.value("SELECT tenths FROM nearfield.totals") == [1] * 10


@pytest.mark.parametrize(
    ("hours", "windows"),
    [
        (-7, (0, 0, 0, 0, 0)),
        (0, (1, 1, 1, 1, 1)),
        (23.9, (1, 1, 1, 1, 1)),
        (24, (0, 1, 1, 1, 1)),
        (7 * 24 - 0.1, (0, 0, 1, 1, 1)),
        (7 * 24, (0, 0, 0, 1, 1)),
        (90 * 24, (0, 0, 0, 0, 0)),
    ],
)
async def test_launch_windows_are_days_of_24_hours_from_publication(
    count: Counting, hours: float, windows: tuple[int, ...]
) -> None:
    published = NOON.replace(hour=6)
    at = published + timedelta(hours=hours)
    count.now = at
    await count.send(request(time=at.isoformat()))
    rows = await count.rows(
        "SELECT launch_1, launch_3, launch_7, launch_30, launch_90 FROM nearfield.totals"
    )
    assert rows == [windows]


async def test_another_date_of_publication_counts_launches_anew(count: Counting) -> None:
    await count.send(request())
    later = NOON + timedelta(days=2)
    await count.tell(EpisodeFacts("show", "1", published_at=later))
    assert await count.value("SELECT launch_90 FROM nearfield.totals") == 0
    await count.tell(EpisodeFacts("show", "1", published_at=NOON - timedelta(days=2)))
    assert await count.rows("SELECT launch_1, launch_3 FROM nearfield.totals") == [(0, 1)]


async def test_feeds_of_shows_are_counted_and_others_never_named(count: Counting) -> None:
    fetch = {"status": 200, "body_bytes": 5000, "range": "", "content_range": ""}
    await count.send(request())
    await count.send(
        request(path="/show/feed", user_agent="Reader/1", **fetch),
        request(path="/show/feed/", user_agent="Reader/1", **fetch | {"status": 304}),
        request(path="/show/feed", user_agent="Reader/1", **fetch | {"status": 404}),
        request(path="/secret-of-somebody/feed", user_agent="Reader/1", **fetch),
    )
    assert await count.live("feed_requests") == {"Reader": 2}
    for table in ("counters", "readers", "show_days", "episodes", "outcomes"):
        rows = await count.rows(f"SELECT {table}::text FROM nearfield.{table}")
        assert "secret" not in str(rows)


async def test_a_feed_of_another_name_is_that_of_its_show(count: Counting) -> None:
    await count.tell(EpisodeFacts("show", "2"))
    await count.send(request(path="/interviews/feed", user_agent="Reader/1", status=200))
    assert await count.live("feed_requests") == {"Reader": 1}


async def test_readers_are_told_apart_by_their_feed_id(count: Counting) -> None:
    feed = {"path": "/show/feed", "status": 200, "range": "", "content_range": ""}
    agents = (
        "Feedbin feed-id:1 - 66 subscribers",
        "Feedbin feed-id:1 - 60 subscribers",
        "Feedbin feed-id:2 - 5 subscribers",
        "NewsBlur Feed Fetcher - 12 subscribers - http://www.newsblur.com/site/33 (Safari/9.1)",
        "NewsBlur Feed Fetcher - 13 subscribers - http://www.newsblur.com/site/33 (Safari/9.2)",
        "NewsBlur Feed Fetcher - 3 subscribers - http://www.newsblur.com/site/34 (Safari/9.2)",
        "Mozilla/5.0 (compatible; BazQux/2.4; +https://bazqux.com/fetcher; 7 subscribers)",
        "Mozilla/5.0 (compatible; inoreader.com; 8 subscribers)",
        "Player/1.0",
    )
    await count.send(*(request(user_agent=agent, **feed) for agent in agents))
    rows = await count.rows("SELECT subscribers FROM nearfield.readers ORDER BY subscribers")
    assert [n for (n,) in rows] == [3, 5, 7, 8, 13, 66]


async def test_the_next_day_a_reader_may_have_lost_some(count: Counting) -> None:
    feed = {"path": "/show/feed", "status": 200}
    await count.send(request(user_agent="Feedbin feed-id:1 - 66 subscribers", **feed))
    count.now += timedelta(days=1)
    tomorrow = count.now.isoformat()
    await count.send(
        request(user_agent="Feedbin feed-id:1 - 50 subscribers", time=tomorrow, **feed)
    )
    await count.send(request(user_agent="Feedbin feed-id:1 - 70 subscribers", **feed))
    assert await count.rows("SELECT subscribers FROM nearfield.readers") == [(50,)]
