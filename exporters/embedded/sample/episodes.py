"""The episodes of the sample: which exist on a day, with sizes, times and audience.

Everything about an episode depends on the seed, its show, its number and the day on which the
sample was made; not on the day that is asked for. So the list of a later day begins with that of an
earlier one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from random import Random

from exporters.embedded.sample.chance import chance
from exporters.embedded.sample.shows import SHOWS, Show, Status
from exporters.embedded.sample.titles import title_of
from exporters.embedded.sample.traffic import WINDOW_DAYS, growth, shape

SEED = 20240422
# An episode is entered in the app this long before it appears: until then it is scheduled.
LEAD = timedelta(days=10)
_BYTES_PER_SECOND = 16_000  # 128 kbit/s
_BONUS_EVERY = 27
_SILENT_NUMBER = 7


class Kind(IntEnum):
    """`episodes.type`, numbered as the app does."""

    FULL = 0
    BONUS = 1
    TRAILER = 2


@dataclass(frozen=True, slots=True)
class Episode:
    """One row of `episodes`, and the parameters of its audience that the app does not know.

    `duration` is seconds, `scale` the downloads of a full first day, `tail` as in `traffic.shape`.
    `imported` are downloads from before the stats begin. Times are UTC.
    """

    id: int
    show: Show
    slug: str
    title: str
    kind: Kind
    published: bool
    published_at: datetime | None
    entered_at: datetime
    audio_bytes: int
    duration: int | None
    imported: int
    scale: float
    tail: float


def episodes(today: date, *, born: date | None = None, seed: int = SEED) -> list[Episode]:
    """Return what the app holds on the morning of `today`, in the order in which it was entered.

    `born` is the day on which the sample was made, `today` unless given: with it kept, the list for
    a later day is the earlier list and the episodes entered since.
    """
    anchor = born or today
    midnight = datetime.combine(today, time(), UTC)
    drafted = [
        episode
        for show in SHOWS
        for episode in (*_aired(show, anchor, today, seed), *_drafts(show, anchor))
        if episode.entered_at < midnight
    ]
    drafted.sort(key=lambda episode: (episode.entered_at, episode.show.id, episode.slug))
    return [replace(episode, id=number) for number, episode in enumerate(drafted, start=1)]


def _aired(show: Show, born: date, today: date, seed: int) -> Iterator[Episode]:
    """Yield a show's trailer, its numbered episodes and their bonus episodes."""
    days = list(_slots(show, born, today + LEAD))
    if show.weekdays:
        first = _first_slot(show, born)
        yield _drawn(show, Kind.TRAILER, 0, _at(first - timedelta(days=14), show.hour), born, seed)
    for number, day in enumerate(days, start=1):
        yield _drawn(show, Kind.FULL, number, _at(day, show.hour), born, seed)
        if number % _BONUS_EVERY == 0:
            bonus = _at(day + timedelta(days=2), 15)
            yield _drawn(show, Kind.BONUS, number, bonus, born, seed)


def _first_slot(show: Show, born: date) -> date:
    day = born - timedelta(days=show.begins)
    while day.weekday() != show.weekdays[0]:
        day += timedelta(days=1)
    return day


def _slots(show: Show, born: date, until: date) -> Iterator[date]:
    """Yield the days on which the show publishes, before `until` and before it ended."""
    if not show.weekdays:
        return
    first = _first_slot(show, born)
    end = until if show.ends is None else min(until, born - timedelta(days=show.ends))
    for offset in range((end - first).days):
        day = first + timedelta(days=offset)
        if day.weekday() in show.weekdays and offset // 7 % show.every == 0:
            yield day


def _drawn(show: Show, kind: Kind, number: int, at: datetime, born: date, seed: int) -> Episode:
    """Return an episode with everything that chance decides drawn from its own generator."""
    rng = chance(seed, show.slug, kind, number)
    share = {Kind.FULL: 1.0, Kind.BONUS: 0.4, Kind.TRAILER: 0.3}[kind]
    minutes = rng.uniform(*show.minutes) if kind is Kind.FULL else rng.uniform(2, 12)
    duration = int(minutes * 60)
    # One episode in twelve is talked about elsewhere; one in twenty-five keeps being found.
    scale = show.scale * share * rng.uniform(0.75, 1.25) * (1.9 if rng.random() < 1 / 12 else 1.0)
    tail = rng.uniform(0.03, 0.07) if rng.random() < 1 / 25 else rng.uniform(0.006, 0.013)
    silent = kind is Kind.FULL and number == _SILENT_NUMBER
    return Episode(
        id=0,
        show=show,
        slug=_slug(show, kind, number, at),
        title=_title(show, kind, number, rng),
        kind=kind,
        published=True,
        published_at=at,
        entered_at=at - LEAD,
        # The seventh episode of every show lost its file once: size 0, as the app has it then.
        audio_bytes=0 if silent else duration * _BYTES_PER_SECOND + rng.randint(30_000, 90_000),
        duration=None if silent else duration,
        imported=_imported(show, scale, tail, at.date(), born),
        scale=scale,
        tail=tail,
    )


def _slug(show: Show, kind: Kind, number: int, at: datetime) -> str:
    """Return the slug, unique within its show only: every show has a `trailer` and most a `12`."""
    if kind is Kind.TRAILER:
        return "trailer"
    if kind is Kind.BONUS:
        return f"bonus-{number}"
    return f"{at:%Y-%m-%d}" if show.dated else str(number)


def _title(show: Show, kind: Kind, number: int, rng: Random) -> str:
    if kind is Kind.TRAILER:
        return f"Introducing {show.name}"
    title = title_of(number, rng)
    return f"Bonus: {title}"[:255] if kind is Kind.BONUS else title


def _imported(show: Show, scale: float, tail: float, aired: date, born: date) -> int:
    """Return the downloads from before the stats begin, as if they came from an earlier host."""
    elsewhere = (born - timedelta(days=WINDOW_DAYS) - aired).days
    if elsewhere <= 0:
        return 0
    # A month day by day, then by months: close enough, since the curve is flat there.
    launch = sum(shape(age, tail) for age in range(min(elsewhere, 30)))
    rest = sum(30 * shape(age, tail) for age in range(45, elsewhere, 30))
    return round(scale * growth(show.growth, aired, born) * (launch + rest))


def _drafts(show: Show, born: date) -> Iterator[Episode]:
    """Yield what is not out: one draft a show that still works, with a date or without."""
    if show.status in {Status.INACTIVE, Status.ARCHIVED}:
        return
    entered = _at(born - timedelta(days=show.id + 1), 9)
    yield Episode(
        id=0,
        show=show,
        slug="untitled",
        title="Untitled draft",
        kind=Kind.FULL,
        published=False,
        published_at=entered + timedelta(days=1) if show.id % 2 else None,
        entered_at=entered,
        audio_bytes=0,
        duration=None,
        imported=0,
        scale=0.0,
        tail=0.0,
    )


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), UTC)
