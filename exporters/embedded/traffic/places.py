"""Where listeners are: countries with their hour of the day, and the CDN's nodes near them."""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from random import Random

HOUR = 3600.0
DAY = 24 * HOUR

CURVE = (
    *(0.35, 0.22, 0.15, 0.12, 0.18, 0.45, 0.95, 1.55, 1.75, 1.45, 1.2, 1.1),
    *(1.15, 1.1, 1.05, 1.1, 1.3, 1.65, 1.7, 1.4, 1.2, 1.1, 0.9, 0.6),
)
"""How much is listened at each local hour, 1 on average: on the way to work, and back."""


@dataclass(frozen=True, slots=True)
class Place:
    """A country: its share of the audience, hours ahead of UTC, and the nodes that serve it.

    `speed` is what half of its listeners exceed, in bytes a second; `rtt` their way to a node and
    back, in milliseconds.
    """

    country: str
    continent: str
    share: float
    ahead: float
    pops: tuple[str, ...]
    speed: float
    rtt: float


PLACES = (
    Place("US", "NA", 0.44, -6.0, ("IAD", "LGA", "ORD", "DFW", "LAX", "PAO"), 9e6, 18),
    Place("GB", "EU", 0.1, 0.0, ("LHR", "LCY"), 8e6, 12),
    Place("DE", "EU", 0.09, 1.0, ("FRA", "MUC"), 7e6, 14),
    Place("CA", "NA", 0.07, -5.0, ("YYZ", "YVR"), 7e6, 22),
    Place("AU", "OC", 0.05, 10.0, ("SYD", "MEL"), 5e6, 24),
    Place("IN", "AS", 0.045, 5.5, ("BOM", "DEL"), 2.5e6, 48),
    Place("NL", "EU", 0.035, 1.0, ("AMS",), 10e6, 9),
    Place("SE", "EU", 0.03, 1.0, ("BMA",), 10e6, 11),
    Place("FR", "EU", 0.03, 1.0, ("CDG",), 8e6, 13),
    Place("BR", "SA", 0.03, -3.0, ("GRU", "GIG"), 3e6, 36),
    Place("PL", "EU", 0.02, 1.0, ("WAW",), 6e6, 17),
    Place("JP", "AS", 0.02, 9.0, ("NRT", "ITM"), 9e6, 12),
    Place("ES", "EU", 0.015, 1.0, ("MAD",), 7e6, 16),
    Place("NZ", "OC", 0.01, 12.0, ("AKL",), 5e6, 20),
    Place("ZA", "AF", 0.01, 2.0, ("JNB", "CPT"), 2e6, 41),
    Place("NG", "AF", 0.005, 1.0, ("LOS",), 0.9e6, 78),
)

_TOTAL = sum(place.share for place in PLACES)


def listening(place: Place, at: float) -> float:
    """Return how much is listened in a place at a moment (seconds since 1970), 1 on average."""
    hour = (at / HOUR + place.ahead) % 24
    low = int(hour)
    return CURVE[low] + (CURVE[(low + 1) % 24] - CURVE[low]) * (hour - low)


def wakefulness(at: float) -> float:
    """Return how much is listened everywhere together, 1 on average; it changes by the minute."""
    return _wakefulness(int(at // 60))


@lru_cache(maxsize=16)
def _wakefulness(minute: int) -> float:
    return sum(place.share * listening(place, 60.0 * minute) for place in PLACES) / _TOTAL


class Places:
    """Draws places by how much is listened there; it looks at the clock every ten minutes."""

    def __init__(self) -> None:
        self._slot = -1
        self._sums: Sequence[float] = ()

    def draw(self, rng: Random, at: float) -> Place:
        """Return where a listener of this moment is."""
        slot = int(at // 600)
        if slot != self._slot:
            self._slot = slot
            self._sums = list(accumulate(place.share * listening(place, at) for place in PLACES))
        return PLACES[bisect(self._sums, rng.random() * self._sums[-1], hi=len(PLACES) - 1)]
