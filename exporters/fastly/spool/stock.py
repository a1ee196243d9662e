"""What a spool holds at this moment, as the event loop knows it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporters.fastly.segment import Segment
from exporters.fastly.spool.lane import Kind
from exporters.fastly.spool.parts import Part


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sealed segment that waits for its reader."""

    segment: Segment
    since: float
    """When its first batch was stored, by the spool's clock."""


@dataclass(frozen=True, slots=True)
class Filling:
    """What an open segment holds."""

    size: int
    since: float


class Stock:
    """Sealed segments in the order in which they were sealed, open ones, and parts."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sealed: dict[str, Waiting] = {}
        self._sealed_size = 0
        self.filling: Mapping[Kind, Filling] = {}
        self.parts: set[Part] = set()

    @property
    def size(self) -> int:
        """Bytes of lines on disk or on their way to it."""
        filling = sum(each.size for each in self.filling.values())
        return self._sealed_size + filling + sum(part.size for part in self.parts)

    @property
    def segments(self) -> int:
        """Segments that hold lines, open ones included."""
        return len(self._sealed) + len(self.filling)

    @property
    def age(self) -> float:
        """Seconds that the oldest segment has waited; 0 where there is none."""
        since = [each.since for each in self._sealed.values()]
        since += [each.since for each in self.filling.values()]
        return self._clock() - min(since) if since else 0.0

    @property
    def sealed(self) -> tuple[Segment, ...]:
        """The segments that a reader may have, oldest first."""
        return tuple(waiting.segment for waiting in self._sealed.values())

    def seal(self, waiting: Waiting) -> None:
        """Add a sealed segment."""
        self._sealed[waiting.segment.id] = waiting
        self._sealed_size += waiting.segment.size

    def release(self, segment: Segment) -> None:
        """Take a sealed segment out."""
        if self._sealed.pop(segment.id, None):
            self._sealed_size -= segment.size

    def ripe(self, age: float, size: int) -> tuple[set[Kind], float | None]:
        """Return the open segments of that age or size, and in how many seconds there is a next."""
        now = self._clock()
        left = {
            kind: 0.0 if each.size >= size else each.since + age - now
            for kind, each in self.filling.items()
        }
        later = [seconds for seconds in left.values() if seconds > 0]
        return {kind for kind, seconds in left.items() if seconds <= 0}, min(later, default=None)
