"""What there is to download on a day and how much of the traffic each episode draws."""

from dataclasses import dataclass
from datetime import date, datetime

from exporters.embedded.sample.episodes import SEED, Episode, episodes
from exporters.embedded.sample.traffic import day_factor, first_day_factor, growth, shape


@dataclass(frozen=True, slots=True)
class Entry:
    """One episode with audio that is public on the day or becomes so in its course.

    `audio_bytes` is the size of the file, `duration` seconds, `published_at` UTC; `weight` the
    downloads that the day is expected to bring.
    """

    podcast: str
    episode: str
    audio_bytes: int
    duration: int
    published_at: datetime
    weight: float


def catalogue(today: date, *, born: date | None = None, seed: int = SEED) -> tuple[Entry, ...]:
    """Return the episodes that listeners can ask for on `today`, the heaviest first.

    Over a database with the sample `born` is `made_on` of it: the episodes are then those it holds.
    """
    anchor = born or today
    entries = (_entry(item, today, anchor) for item in episodes(today, born=anchor, seed=seed))
    present = (entry for entry in entries if entry is not None)
    return tuple(sorted(present, key=lambda entry: (-entry.weight, entry.podcast, entry.episode)))


def expected(episode: Episode, day: date, born: date) -> float:
    """Return the downloads expected of an episode on a day, without noise; 0 before it is out."""
    if not episode.published or episode.published_at is None:
        return 0.0
    age = (day - episode.published_at.date()).days
    if age < 0:
        return 0.0
    partial = first_day_factor(episode.published_at.hour) if age == 0 else 1.0
    audience = episode.scale * growth(episode.show.growth, day, born) * day_factor(day, born)
    return audience * partial * shape(age, episode.tail)


def _entry(episode: Episode, today: date, born: date) -> Entry | None:
    weight = expected(episode, today, born)
    if weight <= 0 or not episode.audio_bytes or not episode.duration or not episode.published_at:
        return None
    return Entry(
        podcast=episode.show.slug,
        episode=episode.slug,
        audio_bytes=episode.audio_bytes,
        duration=episode.duration,
        published_at=episode.published_at,
        weight=weight,
    )
