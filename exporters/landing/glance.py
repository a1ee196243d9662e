"""From families to what the page shows: which numbers, which episodes. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import nlargest

from exporters.core.exposition import OTHER
from exporters.landing import words
from exporters.landing.families import Families
from exporters.landing.growth import MINUTE, Growth
from exporters.landing.model import Figure, Glance, Heard, Published

SHOWN = 6
"""Episodes in a list."""

DOWNLOADS = "podcast_downloads_total"
_Ask = Callable[[Growth], float | None]
_Words = Callable[[float], str]


def _last_minute(growth: Growth) -> float | None:
    return growth.last(MINUTE)


_MOVING: Sequence[tuple[str, str, _Ask, _Words, str]] = (
    (DOWNLOADS, "downloads_last_minute", _last_minute, words.count, "downloads in the last minute"),
    (
        "podcast_delivered_bytes_total",
        "delivered_bytes_per_second",
        Growth.rate,
        lambda value: f"{words.size(value)}/s",
        "of audio delivered",
    ),
    (
        "cdn_log_lines_total",
        "cdn_lines_per_second",
        Growth.rate,
        words.rate,
        "log lines of the CDN a second",
    ),
    (
        "cdn_errors_total",
        "cdn_errors_last_minute",
        _last_minute,
        words.count,
        "requests failed in the last minute",
    ),
    (
        "log_lines_total",
        "container_lines_per_second",
        Growth.rate,
        words.rate,
        "log lines of containers a second",
    ),
)
GROWING = tuple(name for name, *_ in _MOVING)
"""Counters whose last minutes are remembered."""
STANDING = (
    "podcast_info",
    "podcast_episode_info",
    "podcast_episode_published_timestamp_seconds",
    "podcast_episode_downloads",
    "podcast_all_time_downloads",
    "container_state",
)
_APP, _STREAM = "app", "stream"

_SUMS = ("older", OTHER)
"""Names that stand for many episodes."""
Growths = Mapping[str, Growth]


def glance(families: Families, growths: Growths, at: float) -> Glance:
    """Return what there is to see at a moment, in seconds since 1970."""
    downloads = growths[DOWNLOADS].amounts()
    known = DOWNLOADS in families and any(step is not None for step in downloads)
    titles = _Titles(families)
    return Glance(
        at,
        tuple(_figures(families, growths)),
        downloads if known else None,
        tuple(_heard(growths[DOWNLOADS], titles)),
        tuple(_published(families, titles)),
    )


def _figures(families: Families, growths: Growths) -> Iterator[Figure]:
    """Yield the numbers that there are: those that move first."""
    for name, key, ask, text, label in _MOVING:
        value = ask(growths[name])
        if name in families and value is not None:
            yield Figure(key, value, text(value), label)
    yield from _stock(families)


def _stock(families: Families) -> Iterator[Figure]:
    if (total := _all_time(families)) is not None:
        yield Figure("downloads", total, words.count(total), "downloads of all time")
    shows, episodes = families.get("podcast_info"), families.get("podcast_episode_info")
    if episodes:
        of = f" of {words.count(len(shows))} show{'s' * (len(shows) > 1)}" if shows else ""
        yield Figure("episodes", len(episodes), words.count(len(episodes)), f"public episodes{of}")
    if states := families.get("container_state"):
        at = states.labelnames.index("state")
        running = sum(value for labels, value in states.rows() if labels[at] == "running")
        yield Figure("containers", running, words.count(running), "containers running")


def _all_time(families: Families) -> float | None:
    """Return the downloads that the app has counted; where it is not read, those of the stream."""
    family = families.get("podcast_all_time_downloads")
    rows = family.rows() if family else []
    for source in (_APP, _STREAM):
        if values := [value for (_, counted_by), value in rows if counted_by == source]:
            return sum(values)
    return None


class _Titles:
    """Names of shows and episodes as people know them; as metrics do where they have no title."""

    def __init__(self, families: Families) -> None:
        shows, episodes = families.get("podcast_info"), families.get("podcast_episode_info")
        self._shows = {labels[0]: labels[1] for labels, _ in (shows.rows() if shows else [])}
        self._episodes = {
            labels[:2]: labels[2] for labels, _ in (episodes.rows() if episodes else [])
        }

    def of(self, podcast: str, episode: str) -> tuple[str, str]:
        """Return the titles of show and episode."""
        return self._shows.get(podcast, podcast), self._episodes.get((podcast, episode), episode)


def _heard(growth: Growth, titles: _Titles) -> Iterator[Heard]:
    single = (row for row in growth.by_series().items() if row[0][1] not in _SUMS)
    found = nlargest(SHOWN, single, key=lambda row: row[1])
    for (podcast, episode), downloads in found:
        yield Heard(*titles.of(podcast, episode), downloads)


def _published(families: Families, titles: _Titles) -> Iterator[Published]:
    dates = families.get("podcast_episode_published_timestamp_seconds")
    counts = families.get("podcast_episode_downloads")
    rows = dates.rows() if dates else []
    for (podcast, episode), at in nlargest(SHOWN, rows, key=lambda row: row[1]):
        by_app, by_stream = (
            counts.value((podcast, episode, source)) if counts else None
            for source in (_APP, _STREAM)
        )
        yield Published(*titles.of(podcast, episode), at, by_app, by_stream)
