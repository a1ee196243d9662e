"""Who fetches the feeds: podcast apps and feed readers, with the subscribers they report."""

from collections.abc import Iterator
from dataclasses import dataclass

from exporters.embedded.sample.shows import Show, Status

# Feed fetchers that tell how many they fetch for: name, type as in the app's list of agents, user
# agent, subscribers for each 1,000 downloads of a first day, requests a day.
_COUNTING = (
    ("Feedly", "app", "Feedly/1.0 (+http://www.feedly.com/fetcher.html; {} subscribers)", 310, 46),
    (
        "Overcast",
        "app",
        "Overcast/1.0 Podcast Sync ({} subscribers; +http://overcast.fm/)",
        240,
        92,
    ),
    ("Inoreader", "app", "Mozilla/5.0 (compatible; inoreader.com; {} subscribers)", 74, 48),
    ("Feedbin", "app", "Feedbin feed-id:1504921 - {} subscribers", 38, 24),
    (
        "NewsBlur",
        "app",
        "NewsBlur Feed Fetcher - {} subscribers - https://www.newsblur.com",
        17,
        26,
    ),
    ("PlayerFM", "app", "PlayerFM/1.0 Podcast Sync ({} subscribers; https://player.fm/)", 12, 12),
)
_SILENT = (
    ("Pocket Casts", "app", "PocketCasts/1.0 (Feed Parser; +http://pocketcasts.com/)", 288),
    ("AntennaPod", "app", "AntennaPod/3.7.1", 130),
    ("iTMS", "bot", "iTMS", 24),
    ("Wget", "library", "Wget/1.21.4", 3),
)  # fmt: skip
# The app does not believe fewer.
_FEWEST_SUBSCRIBERS = 5


@dataclass(frozen=True, slots=True)
class Reader:
    """One agent that fetches a feed: how often a day, and for how many if it says so."""

    name: str
    type: str
    raw: str
    requests: float
    subscribers: int | None = None


def readers_of(show: Show) -> Iterator[Reader]:
    """Yield who fetches the public feed of a show; nobody does while it is a draft."""
    if show.status is Status.DRAFT:
        return
    for name, kind, raw, per_thousand, requests in _COUNTING:
        count = round(show.scale * per_thousand / 1000)
        yield Reader(name, kind, raw.format(count), float(requests), count)
    for name, kind, raw, requests in _SILENT:
        yield Reader(name, kind, raw, requests * min(1.0, 0.1 + show.scale / 2000))


def private_readers(number: int) -> tuple[Reader, ...]:
    """Return who fetches the `number`-th private feed: one person with one app or two."""
    apps = [Reader(name, kind, raw, 14.0) for name, kind, raw, _ in _SILENT[:2]]
    apps.append(Reader("Overcast", "app", "Overcast/3.0 (+http://overcast.fm/)", 20.0))
    first = apps[number % len(apps)]
    return (first, apps[(number + 1) % len(apps)]) if number % 4 == 0 else (first,)


def subscribers_of(show: Show) -> dict[str, int] | None:
    """Return `podcasts.subscribers`: client to subscribers, None where no stats ever ran."""
    if show.status is Status.DRAFT:
        return None
    return {
        reader.name: reader.subscribers
        for reader in readers_of(show)
        if reader.subscribers is not None and reader.subscribers >= _FEWEST_SUBSCRIBERS
    }
