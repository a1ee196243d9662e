"""What the real-time API answers, as frozen values. Pure parsing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from exporters.core.errors import SourceMalformed

Measurements: TypeAlias = Mapping[str, Any]
"""Numbers by their names in the API, and the histogram of misses, as they came."""

HISTORY = 120
"""Seconds that the API remembers."""

_IDLE = "No data available"
_LATEST = 1 << 40
"""A second after which nobody will ask; what is beyond is nonsense."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the account."""

    id: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Second:
    """What was measured in one second, by the place of the CDN."""

    recorded: int
    places: Mapping[str, Measurements]


@dataclass(frozen=True, slots=True)
class Channel:
    """One answer of a service's channel."""

    timestamp: int
    """What to ask for next; 0 where it does not say."""
    delay: int
    """Seconds that the API waits before it adds a second up."""
    seconds: tuple[Second, ...]
    """Oldest first; none where nothing happened."""
    idle: bool
    """Whether it says that there is nothing: no error."""


def parse_channel(body: Any) -> Channel:
    """Return one answer of `/v1/channel`. Raises SourceMalformed."""
    if not isinstance(body, dict):
        raise SourceMalformed("the real-time API answered no object")
    try:
        seconds = tuple(_second(each) for each in body.get("Data") or ())
        timestamp, delay = _whole(body.get("Timestamp")), _whole(body.get("AggregateDelay"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SourceMalformed("the real-time API answered something else than seconds") from error
    said = str(body.get("Error") or body.get("error") or "")
    if said and _IDLE not in said:
        raise SourceMalformed("the real-time API says that it has an error of its own")
    ordered = tuple(sorted(seconds, key=lambda second: second.recorded))
    return Channel(timestamp, delay, ordered, bool(said) or not seconds)


def _second(entry: Mapping[str, Any]) -> Second:
    places = entry.get("datacenter") or {}
    if not all(isinstance(measured, dict) for measured in places.values()):
        raise TypeError("a place without measurements")
    return Second(_whole(entry["recorded"]), {str(name): each for name, each in places.items()})


def _whole(value: Any) -> int:
    number = int(value or 0)
    if not 0 <= number < _LATEST:
        raise ValueError("not a time")
    return number
