"""Listening of a day that is over: log lines that come to what the app counted on that day."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import groupby
from random import Random

from exporters.embedded.sample import SEED
from exporters.embedded.sample.chance import chance
from exporters.embedded.traffic.lines import Request, line, path_of
from exporters.embedded.traffic.listeners import Listeners
from exporters.embedded.traffic.pages import CDN_HOST
from exporters.embedded.traffic.places import DAY, wakefulness
from exporters.embedded.traffic.sessions import File, heard, session

_LATEST = DAY - 900
"""Seconds into the day at which the last ones begin, so that what they get is of that day."""
_PEAK = 2.0
_BOTS = 0.03
_ENOUGH = 0.005


@dataclass(frozen=True, slots=True)
class Counted:
    """What the app counted of an episode on a day: `sent` bytes of a file of `audio_bytes`."""

    podcast: str
    episode: str
    audio_bytes: int
    published_at: datetime
    sent: int


@dataclass(slots=True)
class _Day:
    midnight: float
    rng: Random
    listeners: Listeners = field(default_factory=Listeners)
    requests: int = 0


def past(day: date, counted: Iterable[Counted], *, seed: int = SEED) -> Iterator[bytes]:
    """Yield lines of a UTC day, show after show; `counted` is ordered by podcast.

    The files' worth of bytes of a show are those that the app counted, of an episode nearly so: of
    most old ones less than a file was fetched, and here one of several such is fetched whole.
    """
    midnight = datetime.combine(day, time(), UTC).timestamp()
    state = _Day(midnight, chance(seed, "past", day))
    for _, episodes in groupby(counted, key=lambda each: each.podcast):
        yield from _show(state, [each for each in episodes if each.audio_bytes])


def _show(day: _Day, episodes: list[Counted]) -> Iterator[bytes]:
    left = 0.0
    for each in episodes:
        left += each.sent / each.audio_bytes
        while (share := heard(day.rng)) <= left:
            left -= share
            yield from _listen(day, each, share)
    while left > _ENOUGH:
        share = min(left, 1.0)
        left -= share
        yield from _listen(day, episodes[-1], share)


def _listen(day: _Day, each: Counted, share: float) -> Iterator[bytes]:
    at = _moment(day, each.published_at.timestamp())
    bot = day.rng.random() < _BOTS
    listener = (day.listeners.bot if bot else day.listeners.person)(day.rng, at)
    path = path_of(each.podcast, each.episode)
    file = File(each.audio_bytes, listener.speed)
    for fetch in session(day.rng, listener.way, file, share):
        at += fetch.pause
        day.requests += 1
        request = Request(CDN_HOST, path, range=fetch.range)
        yield line(at, listener, request, fetch.answer, day.requests)
        at += fetch.answer.took


def _moment(day: _Day, published: float) -> float:
    """Return when somebody begins: not before the episode is out, and rather when many listen."""
    earliest = min(max(published, day.midnight), day.midnight + _LATEST - 1)
    while True:
        at = day.rng.uniform(earliest, day.midnight + _LATEST)
        if day.rng.random() * _PEAK < wakefulness(at):
            return at
