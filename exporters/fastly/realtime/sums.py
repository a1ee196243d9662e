"""Several seconds added up, place by place. Pure, and the most of the work."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from exporters.fastly.realtime.model import Second

_MISSES = "miss_histogram"
_LARGEST = 10**18
"""More than anything can come to in a second: an exabyte."""


@dataclass(frozen=True, slots=True)
class Sum:
    """What was measured in one place."""

    numbers: dict[str, float] = field(default_factory=dict)
    """By their names in the API; those that are 0 are left out."""
    misses: dict[int, float] = field(default_factory=dict)
    """How many misses by the upper bound of how long they took, in milliseconds."""


Sums: TypeAlias = Mapping[str, Sum]
"""By the place of the CDN."""


def add_up(seconds: Iterable[Second]) -> Sums:
    """Return the sums of these seconds. What no counter can take is not counted."""
    sums: dict[str, Sum] = {}
    for second in seconds:
        for place, measured in second.places.items():
            found = sums.get(place)
            if found is None:
                found = sums[place] = Sum()
            _add(found, measured)
    return sums


def _add(total: Sum, measured: Mapping[str, object]) -> None:
    numbers = total.numbers
    for name, value in measured.items():
        if type(value) is int or type(value) is float:  # and no bool
            if 0 < value < _LARGEST:
                numbers[name] = numbers.get(name, 0) + value
        elif name == _MISSES and isinstance(value, dict):
            _add_misses(total.misses, value)


def _add_misses(total: dict[int, float], histogram: Mapping[str, object]) -> None:
    for bound, count in histogram.items():
        known = bound.isascii() and bound.isdigit() and len(bound) < 10
        if known and type(count) is int and 0 < count < _LARGEST:
            total[int(bound)] = total.get(int(bound), 0) + count
