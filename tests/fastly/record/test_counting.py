"""The counting rules, one by one: PTMG v2.3, 5.5."""

from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from exporters.ledger import EpisodeFacts
from tests.fastly.traffic import NOON, Counting, part, request

FULL = {
    "status": 200,
    "body_bytes": 10_000_000,
    "range": "",
    "content_range": "",
}


async def test_a_minute_of_sound_is_a_download(count: Counting) -> None:
    await count.send(part(0, 1_000_000))
    assert await count.downloads() == {("2026-10-09", "1"): 1}
    assert await count.outcomes() == {"counted": 1}


async def test_a_byte_less_than_a_minute_is_none(count: Counting) -> None:
    await count.send(part(0, 999_999))
    assert await count.downloads() == {}
    assert await count.outcomes() == {"incomplete": 1}


async def test_ranges_of_several_requests_are_put_together(count: Counting) -> None:
    await count.send(part(0, 500_000))
    await count.send(part(5_000_000, 499_999))
    assert await count.downloads() == {}
    await count.send(part(5_499_999, 1))
    assert await count.downloads() == {("2026-10-09", "1"): 1}


async def test_the_same_bytes_twice_are_not_two_halves(count: Counting) -> None:
    await count.send(part(0, 500_000), part(0, 500_000), part(100_000, 400_000))
    assert await count.downloads() == {}


async def test_parts_in_any_order_are_the_bytes_that_they_cover(count: Counting) -> None:
    rng = Random(3)
    wanted: dict[str, set[int]] = {}
    lines = []
    for n in range(60):
        cuts = sorted(rng.sample(range(40), rng.randint(2, 8)))
        parts = list(pairwise(cuts))  # one behind the other
        for _ in range(rng.choice((0, 0, 1, 3))):
            low, high = sorted(rng.sample(range(40), 2))
            parts.append((low, high))
        if n % 2:
            rng.shuffle(parts)
        client = f"192.0.2.{n}"
        wanted[client] = {byte for low, high in parts for byte in range(low, high)}
        lines += [part(100 * a, 100 * (b - a), client_ip=client) for a, b in parts]
    await count.send(*lines)
    found = await count.value(
        "SELECT array_agg(spans) FROM (SELECT (SELECT string_agg(n::text, ',')"
        " FROM generate_series(0, 39) AS n WHERE ranges @> (100 * n)::bigint) AS spans"
        " FROM nearfield.listeners) AS each"
    )
    assert sorted(found) == sorted(",".join(map(str, sorted(each))) for each in wanted.values())


async def test_an_answer_200_begins_at_the_beginning(count: Counting) -> None:
    await count.send(request(**FULL | {"body_bytes": 600_000}))
    await count.send(request(**FULL | {"body_bytes": 700_000}))
    assert await count.downloads() == {}
    await count.send(request(**FULL))
    assert await count.downloads() == {("2026-10-09", "1"): 1}


async def test_what_was_asked_for_is_no_more_than_what_was_sent(count: Counting) -> None:
    await count.send(part(0, 10_000_000) | {"body_bytes": 999_999})
    assert await count.downloads() == {}


@pytest.mark.parametrize(
    ("asked", "size"),
    [("bytes=9000000-", 1_000_000), ("bytes=-1000000", 1_000_000)],
)
async def test_without_content_range_the_range_says_which_bytes(
    count: Counting, asked: str, size: int
) -> None:
    one = request(range=asked, content_range="", body_bytes=size)
    await count.send(one, part(9_000_000, 999_999))
    assert await count.value("SELECT ranges::text FROM nearfield.listeners") == (
        "{[9000000,10000000)}"
    )


async def test_a_download_counts_once_a_day_for_a_listener(count: Counting) -> None:
    await count.send(request(**FULL), request(**FULL))
    await count.send(request(**FULL))
    assert await count.downloads() == {("2026-10-09", "1"): 1}
    assert await count.outcomes() == {"counted": 1, "repeat": 2}


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"method": "HEAD", "status": 200, "body_bytes": 0}, "head"),
        ({"status": 304, "body_bytes": 0}, "not_modified"),
        ({"range": "bytes=0-1", "content_range": "bytes 0-1/10000000", "body_bytes": 2}, "probe"),
        ({"range": "bytes=0-1", "content_range": "", "body_bytes": 2}, "probe"),
        ({"user_agent": "Bot/2"}, "bot"),
        ({"user_agent": "Watch/9"}, "watch"),
        ({"status": 404}, "error"),
        ({"status": 416}, "error"),
        ({"status": 503}, "error"),
        ({"method": "POST", "status": 200}, "error"),
        ({"status": 301}, "redirect"),
        ({"status": 308}, "redirect"),
    ],
)
async def test_what_is_no_listening_is_no_download(
    count: Counting, change: dict[str, Any], outcome: str
) -> None:
    await count.send(request(**FULL | change))
    assert await count.downloads() == {}
    assert await count.outcomes() == {outcome: 1}
    assert await count.live("requests") == {outcome: 1}


@pytest.mark.parametrize("range_", ["bytes=0-0", "bytes=1-2", "bytes=0-2"])
async def test_only_the_range_0_1_is_a_probe(count: Counting, range_: str) -> None:
    await count.send(request(range=range_, content_range="", body_bytes=2))
    assert await count.outcomes() == {"incomplete": 1}


@pytest.mark.parametrize("change", [{"inner": True}, {"inner": "true"}, {"shield": 1}])
async def test_what_the_cdn_asks_of_itself_is_nowhere_counted(
    count: Counting, change: dict[str, Any]
) -> None:
    recorded = await count.send(request(**FULL | change), request(**FULL))
    assert recorded.lines == 2
    assert await count.outcomes() == {"counted": 1}
    assert sum(n for _, n in recorded.streams[0].requests) == 1


async def test_ten_downloads_by_six_agents_behind_one_address_are_six(count: Counting) -> None:
    agents = [1, 2, 3, 4, 5, 6, 1, 2, 3, 4]
    await count.send(*(request(user_agent=f"Player/{n}") for n in agents))
    assert await count.downloads() == {("2026-10-09", "1"): 6}


async def test_thirty_seconds_are_no_download_whatever_was_in_them(count: Counting) -> None:
    await count.send(part(0, 500_000))
    assert await count.downloads() == {}


@pytest.mark.parametrize(
    ("one", "other", "downloads"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", 1),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", 2),
        ("192.0.2.1", "192.0.2.2", 2),
        ("192.0.2.1", "::ffff:192.0.2.1", 1),
        ("2001:DB8::1", "2001:db8:0:0:1::", 1),
    ],
)
async def test_a_listener_is_an_address_or_an_ipv6_network(
    count: Counting, one: str, other: str, downloads: int
) -> None:
    await count.send(request(client_ip=one))
    await count.send(request(client_ip=other))
    assert await count.downloads() == {("2026-10-09", "1"): downloads}


async def test_an_episode_under_a_minute_wants_all_of_its_file(count: Counting) -> None:
    await count.tell(EpisodeFacts("show", "short", None, 900_000, 60.0))
    path = "/uploads/show/short/short.mp3"
    await count.send(part(0, 899_999, path=path))
    assert await count.downloads() == {}
    await count.send(part(899_999, 1, path=path))
    assert await count.downloads() == {("2026-10-09", "short"): 1}


async def test_an_episode_that_nobody_told_us_of_has_128_kilobits_a_second(count: Counting) -> None:
    path = "/uploads/show/unheard/of.mp3"
    await count.send(part(0, 959_999, path=path))
    assert await count.downloads() == {}
    await count.send(part(959_999, 1, path=path))
    assert await count.downloads() == {("2026-10-09", "unheard"): 1}


async def test_a_path_that_never_gave_sound_is_no_episode(count: Counting) -> None:
    await count.send(request(path="/uploads/show/junk/x.mp3", status=404))
    await count.send(request(path="/uploads/show/junk/x.mp3", status=206, body_bytes=0))
    assert await count.rows("SELECT podcast, episode FROM nearfield.episodes") == [("show", "1")]
    assert await count.outcomes() == {"error": 1, "incomplete": 1}


async def test_a_show_that_never_gave_sound_is_nowhere(count: Counting) -> None:
    await count.send(request(path="/uploads/wp-admin/x/x.mp3", status=404))
    assert await count.rows("SELECT * FROM nearfield.outcomes") == []
    assert await count.rows("SELECT * FROM nearfield.show_days") == []


async def test_a_late_line_counts_on_its_own_day(count: Counting) -> None:
    count.now = NOON.replace(day=10, hour=0, minute=41)
    await count.send(request(time="2026-10-09T23:59:59.900Z"), request(time="2026-10-10T00:00:00Z"))
    assert await count.downloads() == {("2026-10-09", "1"): 1, ("2026-10-10", "1"): 1}


async def test_bytes_are_those_that_the_platform_counts(count: Counting) -> None:
    await count.send(
        request(**FULL),
        request(**FULL | {"user_agent": "Bot/1"}),
        request(status=404, body_bytes=500),
        request(status=301, body_bytes=300),
        request(status=503, body_bytes=70),
    )
    row = await count.rows("SELECT requests, bytes, file_equivalents FROM nearfield.episode_days")
    assert [tuple(map(float, each)) for each in row] == [(5, 20_000_070, 2.0)]


async def test_a_download_belongs_to_the_hour_of_its_first_request(count: Counting) -> None:
    later = (NOON + timedelta(hours=2)).isoformat()
    count.now = NOON + timedelta(hours=3)
    await count.send(part(0, 900_000), part(900_000, 100_000, time=later))
    assert await count.rows(
        "SELECT hour AT TIME ZONE 'UTC', downloads, requests FROM nearfield.episode_hours"
        " ORDER BY hour"
    ) == [
        (NOON.replace(tzinfo=None), 1, 1),
        (NOON.replace(tzinfo=None, hour=14), 0, 1),
    ]


async def test_a_late_line_moves_a_download_to_an_earlier_hour(count: Counting) -> None:
    await count.send(request(**FULL, country="DE"))
    await count.send(part(0, 10, time=(NOON - timedelta(hours=1)).isoformat()))
    assert await count.rows(
        "SELECT hour AT TIME ZONE 'UTC', downloads FROM nearfield.episode_hours ORDER BY hour"
    ) == [(NOON.replace(tzinfo=None, hour=11), 1), (NOON.replace(tzinfo=None), 0)]
    assert await count.live("downloads") == {"1": 1}


async def test_requests_are_kept_by_the_hour_in_which_they_began(count: Counting) -> None:
    times = [NOON - timedelta(hours=n) for n in (2, 2, 1, 0)]
    await count.send(*(part(n, 1, time=at.isoformat()) for n, at in enumerate(times)))
    assert await count.rows(
        "SELECT extract(HOUR FROM hour AT TIME ZONE 'UTC')::integer, outcome, requests"
        " FROM nearfield.outcomes ORDER BY hour"
    ) == [(10, "incomplete", 2), (11, "incomplete", 1), (12, "incomplete", 1)]


async def test_countries_and_apps_are_those_of_the_listener(count: Counting) -> None:
    await count.send(
        request(**FULL),
        request(**FULL | {"client_ip": "192.0.2.2", "country": "united states"}),
        request(**FULL | {"client_ip": "192.0.2.3", "country": "", "user_agent": "Other/2"}),
        request(**FULL | {"client_ip": "192.0.2.4", "country": "Atlantis"}),
    )
    assert await count.rows(
        "SELECT country, downloads FROM nearfield.episode_countries ORDER BY country"
    ) == [("", 2), ("DE", 1), ("US", 1)]
    assert await count.rows("SELECT app, downloads FROM nearfield.episode_apps ORDER BY app") == [
        ("Other", 1),
        ("Player", 3),
    ]
