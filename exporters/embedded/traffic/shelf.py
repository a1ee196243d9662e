"""What there is to listen to at a moment, and what is chosen: launches, talk, the long tail."""

from bisect import bisect
from datetime import UTC, date, datetime
from itertools import accumulate
from math import exp
from random import Random

from exporters.embedded.sample import Entry, catalogue
from exporters.embedded.sample.chance import chance
from exporters.embedded.traffic.places import HOUR

_SLOT = 300.0
_TALK = 420.0
"""Seconds from one episode that is talked about to the next."""
_TALKED_ABOUT = 8
"""The newest episodes, of which it is one."""
_TALK_SHARE = 0.35
_TALK_LASTS = 90.0


class Shelf:
    """The sample's episodes by the hour. `born` is the day on which the sample was made."""

    def __init__(self, born: date, seed: int) -> None:
        self.entries: tuple[Entry, ...] = ()
        """What is public today, what is listened to most first."""
        self._born = born
        self._seed = seed
        self._day: date | None = None
        self._slot = -1
        self._all: tuple[Entry, ...] = ()
        self._newest: list[Entry] = []
        self._sums: list[float] = []

    def look(self, at: float) -> None:
        """Bring the list up to a moment, in seconds since 1970; it holds for five minutes."""
        slot = int(at // _SLOT)
        if slot == self._slot:
            return
        self._slot = slot
        now = datetime.fromtimestamp(at, UTC)
        if self._day != now.date():
            self._day = now.date()
            self._all = catalogue(self._day, born=self._born)
        self.entries = tuple(entry for entry in self._all if entry.published_at <= now)
        self._sums = list(accumulate(entry.weight * launch(entry, at) for entry in self.entries))
        newest = sorted(self.entries, key=lambda entry: entry.published_at, reverse=True)
        self._newest = newest[:_TALKED_ABOUT]

    def draw(self, rng: Random, at: float) -> Entry:
        """Return an episode that somebody wants now."""
        self.look(at)
        if rng.random() < _TALK_SHARE * exp(-(at % _TALK) / _TALK_LASTS):
            return self.talked_about(at)
        index = bisect(self._sums, rng.random() * self._sums[-1])
        return self.entries[min(index, len(self.entries) - 1)]

    def talked_about(self, at: float) -> Entry:
        """Return the new episode that was last recommended somewhere."""
        return chance(self._seed, "talk", int(at // _TALK)).choice(self._newest)


def talk(at: float) -> float:
    """Return how much more is listened because of what was just recommended, as a factor."""
    return 1.0 + 0.5 * exp(-(at % _TALK) / _TALK_LASTS)


def launch(entry: Entry, at: float) -> float:
    """Return what an episode's first hours do to it: apps fetch it as soon as they hear of it."""
    hours = max(0.0, (at - entry.published_at.timestamp()) / HOUR)
    return 1.0 if hours > 24 else 0.4 + 6.0 * exp(-hours / 2.5)
