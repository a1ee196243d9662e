"""The log stream's downloads as the ledger has them: read often, shown as counters and gauges."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, time, timedelta

from exporters.core.database import Database
from exporters.core.poller import Pace, Poller, Turn
from exporters.core.snapshot import Sheet
from exporters.core.telemetry import Telemetry
from exporters.ledger.counting import YOUNG
from exporters.ledger.model import OUTCOMES
from exporters.ledger.stream import LAUNCH_DAYS, EpisodeTotals, StreamSnapshot, read_stream

SOURCE = "stream"
"""The label `source` of what the log stream came to."""
OLDER = "older"
FRESH = timedelta(days=30)
"""Age up to which an episode shows how many got each tenth of it."""
DEADLINE = 10.0
_TENTHS = tuple(str(tenth) for tenth in range(1, 11))

_SHOW = {"delivered_bytes": "podcast_delivered_bytes_total"}
_LABELLED = {
    "downloads": "podcast_downloads_total",
    "app_downloads": "podcast_app_downloads_total",
    "country_downloads": "podcast_country_downloads_total",
    "delivered_tenths": "podcast_delivered_tenths_total",
    "requests": "podcast_requests_total",
    "feed_requests": "podcast_feed_requests_total",
}
Rows = list[tuple[tuple[str, ...], float]]


def stream(
    ledger: Database,
    interval: float,
    telemetry: Telemetry,
    turn: Turn,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Poller[Sheet]:
    """Return the poller that reads the ledger every `interval` seconds, when it has its `turn`."""

    async def read() -> Sheet:
        now = clock()
        found = await read_stream(ledger, now, deadline=DEADLINE)
        # Some ten milliseconds for each thousand episodes: not on the event loop.
        return await asyncio.to_thread(sheet, found, now)

    pace = Pace.every(interval, deadline=DEADLINE)
    return Poller("downloads", "ledger", read, pace, telemetry, turn=turn)


def sheet(found: StreamSnapshot, now: datetime) -> Sheet:
    """Return the rows of every family; none while no line has reached the ledger."""
    if found.last_day is None:
        return {}
    midnight = datetime.combine(found.last_day, time(), UTC).timestamp()
    return {
        **_counters(found, now),
        "podcast_episode_downloads": [(_key(each), each.downloads) for each in found.episodes],
        "podcast_episode_listeners": [(_key(each), each.downloads) for each in found.episodes],
        "podcast_episode_launch_downloads": list(_launches(found)),
        "podcast_episode_delivered_tenth_listeners": list(_delivered(found.episodes, now)),
        "podcast_all_time_downloads": _all_time(found.episodes),
        "podcast_subscribers": [
            ((each.podcast, "rss", each.app, SOURCE), each.subscribers)
            for each in found.subscribers
        ],
        "podcast_stats_last_day_timestamp_seconds": [((SOURCE,), midnight)],
    }


def _key(each: EpisodeTotals) -> tuple[str, str, str]:
    return each.podcast, each.episode, SOURCE


def _age(each: EpisodeTotals, now: datetime) -> timedelta:
    return now - (each.published_at or each.seen_at)


def _counters(found: StreamSnapshot, now: datetime) -> dict[str, Rows]:
    """Return live counters; those that can be foreseen begin at 0, so that no first one is lost."""
    counted: dict[str, dict[tuple[str, ...], float]] = {
        family: {} for family in (*_SHOW.values(), *_LABELLED.values())
    }
    for family, labels in _foreseen(found, now):
        counted[family][labels] = 0.0
    for each in found.counters:
        if each.family in _SHOW:
            counted[_SHOW[each.family]][each.podcast,] = each.value
        else:
            counted[_LABELLED[each.family]][each.podcast, each.label] = each.value
    return {family: list(values.items()) for family, values in counted.items()}


def _foreseen(found: StreamSnapshot, now: datetime) -> Iterator[tuple[str, tuple[str, ...]]]:
    for each in found.episodes:
        if _age(each, now) < YOUNG:
            yield "podcast_downloads_total", (each.podcast, each.episode)
    for podcast in {each.podcast: None for each in found.episodes}:
        yield "podcast_downloads_total", (podcast, OLDER)
        yield "podcast_delivered_bytes_total", (podcast,)
        for outcome in OUTCOMES:
            yield "podcast_requests_total", (podcast, outcome)
        for tenth in _TENTHS:
            yield "podcast_delivered_tenths_total", (podcast, tenth)


def _launches(found: StreamSnapshot) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield launches that the ledger saw from their beginning: of others it has only a part."""
    for each in found.episodes:
        began = found.began.get(each.podcast)
        if each.published_at and began and each.published_at >= began:
            for days, downloads in zip(LAUNCH_DAYS, each.launch, strict=True):
                yield (each.podcast, each.episode, SOURCE, str(days)), downloads


def _delivered(
    episodes: Iterable[EpisodeTotals], now: datetime
) -> Iterator[tuple[tuple[str, ...], float]]:
    for each in episodes:
        if _age(each, now) < FRESH:
            for tenth, listeners in zip(_TENTHS, each.tenths, strict=True):
                yield (each.podcast, each.episode, tenth), listeners


def _all_time(episodes: Iterable[EpisodeTotals]) -> Rows:
    sums: dict[str, int] = {}
    for each in episodes:
        sums[each.podcast] = sums.get(each.podcast, 0) + each.downloads
    return [((podcast, SOURCE), downloads) for podcast, downloads in sums.items()]
