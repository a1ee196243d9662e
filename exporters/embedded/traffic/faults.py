"""What goes wrong, and when: a few minutes of each trouble, again and again; or nothing."""

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from exporters.embedded.traffic.lines import Answer

ROUND = 1200.0
"""Seconds after which the troubles come again."""
_ERROR_BYTES = 482
_BAD_POP = "FRA"
_SLOWER = 12.0


class Scenario(StrEnum):
    """What a demo shows."""

    CALM = "calm"
    """A good day: an error in ten thousand requests."""
    FULL = "full"
    """An ordinary day, an error in five hundred; and outages."""


class Trouble(StrEnum):
    """What is wrong at a moment."""

    ORIGIN = "origin down"
    """What is not in a cache cannot be had."""
    SLOW = "slow"
    """The origin takes seconds, and listeners get their file slowly."""
    POP = "one place bad"
    """One place of the CDN answers with errors."""
    EDGE = "outage"
    """Most requests end in an error, whatever is in the caches."""


_TIMES = (
    (150.0, 270.0, Trouble.ORIGIN),
    (450.0, 570.0, Trouble.SLOW),
    (750.0, 870.0, Trouble.POP),
    (1020.0, 1110.0, Trouble.EDGE),
)


_LUCK = {Scenario.CALM: 0.0001, Scenario.FULL: 0.002}
"""Share of requests that fail though nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Weather:
    """The troubles of a scenario that began at a moment, in seconds since 1970."""

    scenario: Scenario
    began: float

    def trouble(self, at: float) -> Trouble | None:
        """Return what is wrong at a moment."""
        if self.scenario is Scenario.CALM:
            return None
        since = (at - self.began) % ROUND
        return next((what for low, high, what in _TIMES if low <= since < high), None)

    def spoil(self, rng: Random, at: float, pop: str, answer: Answer) -> Answer:
        """Return what becomes of an answer. A few fail in the best of times."""
        luck = rng.random()
        trouble = self.trouble(at)
        if trouble is Trouble.SLOW:
            return replace(answer, took=answer.took * _SLOWER)
        if trouble is Trouble.ORIGIN and _asks_origin(answer):
            return _failed(answer, "Connection refused")
        if trouble is Trouble.POP and pop == _BAD_POP and luck < 0.4:
            return _failed(answer, "backend write error")
        if trouble is Trouble.EDGE and luck < 0.7:
            return _failed(answer, "No healthy backends")
        if luck < _LUCK[self.scenario]:
            return _failed(answer, "first byte timeout", took=answer.took + 1.0)
        return answer


def _asks_origin(answer: Answer) -> bool:
    return answer.cache.startswith(("MISS", "PASS"))


def _failed(answer: Answer, error: str, took: float = 0.06) -> Answer:
    # Fastly writes a page of its own where nobody else answers.
    return replace(
        answer,
        status=503,
        sent=_ERROR_BYTES,
        took=took,
        cache="ERROR",
        content_range="",
        error=error,
    )
