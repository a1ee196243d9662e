"""What `stats.sql` and `feed_stats.sql` compute from, as rows of the schema `sample`."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from exporters.embedded.sample.batch import Batch
from exporters.embedded.sample.episodes import Episode
from exporters.embedded.sample.people import Feed, at
from exporters.embedded.sample.readers import private_readers, readers_of
from exporters.embedded.sample.shows import SHOWS
from exporters.embedded.sample.splits import splits
from exporters.embedded.sample.traffic import day_factors, first_day_factor

# Feeds are counted for a shorter time than episodes: the app learnt it late.
_FEED_STATS_DAYS = 150
# The day from which `demographics` name countries instead of giving their codes, in days ago.
_NAMED_DAYS_AGO = 100
_BYTES_OF_A_LOST_SIZE = 40_000_000


def stats_days(episode: Episode, born: date, window: int) -> tuple[date, date] | None:
    """Return the first and last day on which the app counts an episode, None if there is none.

    Stats begin `window` days before `born`; they have no end, save for archived shows.
    """
    if not episode.published or episode.published_at is None:
        return None
    first = max(episode.published_at.date(), born - timedelta(days=window))
    quiet = episode.show.quiet
    last = date.max if quiet is None else born - timedelta(days=quiet)
    return (first, last) if first <= last else None


def curves(listed: Iterable[Episode], born: date, window: int) -> Batch:
    """Return `sample.curves` for the episodes that have stats."""
    return Batch(
        ("sample", "curves"),
        (
            "episode_id", "podcast_id", "episode_bytes", "sent_bytes", "published_on", "first_day",
            "last_day", "scale", "tail", "growth", "first_day_factor",
        ),
        _curves(listed, born, window),
    )  # fmt: skip


def _curves(listed: Iterable[Episode], born: date, window: int) -> Iterator[tuple[object, ...]]:
    for episode in listed:
        counted = stats_days(episode, born, window)
        if counted and episode.published_at:
            yield (
                episode.id,
                episode.show.id,
                episode.audio_bytes,
                float(episode.audio_bytes or _BYTES_OF_A_LOST_SIZE),
                episode.published_at.date(),
                *counted,
                episode.scale,
                episode.tail,
                episode.show.growth,
                first_day_factor(episode.published_at.hour),
            )


def days(first: date, last: date, born: date) -> Batch:
    """Return `sample.days` from `first` to `last`, both included."""
    named_from = born - timedelta(days=_NAMED_DAYS_AGO)
    return Batch(
        ("sample", "days"),
        ("day", "factor", "named", "counted_at", "restated_at"),
        (
            (day, factor, int(day >= named_from), at(day, -1), at(day, -2))
            for day, factor in day_factors(first, last, born)
        ),
    )


def split_rows() -> Batch:
    """Return `sample.splits`."""
    shares = (*(f"a{n}" for n in range(1, 9)), *(f"c{n}" for n in range(1, 9)))
    return Batch(("sample", "splits"), ("id", "template", *shares), splits())


def readers(private: Iterable[Feed], born: date) -> Batch:
    """Return `sample.readers`, of the public feeds and the private ones."""
    return Batch(
        ("sample", "readers"),
        ("podcast_id", "feed_id", "since", "name", "type", "raw", "requests"),
        _readers(private, born),
    )


def _readers(private: Iterable[Feed], born: date) -> Iterator[tuple[object, ...]]:
    since = born - timedelta(days=_FEED_STATS_DAYS)
    for show in SHOWS:
        for reader in readers_of(show):
            yield show.id, None, since, reader.name, reader.type, reader.raw, reader.requests
    for feed in private:
        for reader in private_readers(feed.id):
            begun = max(since, feed.since)
            yield None, feed.id, begun, reader.name, reader.type, reader.raw, reader.requests
