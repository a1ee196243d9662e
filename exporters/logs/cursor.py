"""How far the log of a container was read: exact to the line, whatever its times are. Pure.

A position in a stream is the newest time that was seen there, and how many lines came since the
first one of that time, it included. Docker's `since` begins at that first line, so as many lines
are skipped: equal times and clocks that were set back do no harm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

STREAMS = ("stdout", "stderr")

_S = 1_000_000_000
_QUIET = 60 * _S
_MARGIN = 10 * _S


@dataclass(slots=True)
class Position:
    """Where one stream was read to."""

    newest: int = 0
    count: int = 0

    def advance(self, times: Sequence[int]) -> None:
        """Move over lines with these times, in the order in which they were written."""
        if not times:
            return
        newest = max(times)
        if newest > self.newest:
            self.newest, self.count = newest, len(times) - times.index(newest)
        else:
            self.count += len(times)

    def follow(self, time: int) -> None:
        """Keep a stream without lines near `time`, the newest of the other one.

        Else a restart would read again all that the other one ever wrote. The engine writes both in
        the order of their times, but for less than the margin.
        """
        if self.newest < time - _QUIET:
            self.newest, self.count = time - _MARGIN, 0


@dataclass(slots=True)
class Positions:
    """Both streams of one container: what its cursor holds."""

    streams: Mapping[str, Position] = field(
        default_factory=lambda: {name: Position() for name in STREAMS}
    )

    @classmethod
    def at(cls, ns: int) -> "Positions":
        """Return the positions before all lines from a time on."""
        return cls({name: Position(ns) for name in STREAMS})

    @classmethod
    def parse(cls, cursor: str) -> "Positions":
        """Return what a cursor says; ValueError where it is none."""
        out, out_count, err, err_count = map(int, cursor.split(" "))
        return cls({"stdout": Position(out, out_count), "stderr": Position(err, err_count)})

    def __str__(self) -> str:
        return " ".join(f"{each.newest} {each.count}" for each in self.streams.values())

    @property
    def since(self) -> int:
        """Where to read from, in nanoseconds; 0 for the beginning."""
        return min(each.newest for each in self.streams.values())


class Resume:
    """Finds the first line that is new, when a stream is read again from a position's time on."""

    def __init__(self, position: Position) -> None:
        self._time, self._left = position.newest, position.count
        self._found = False
        self.done = False
        """Whether all that comes now is new."""

    def seen(self, times: Sequence[int]) -> int:
        """Return how many of the next lines, from the first on, were taken before."""
        for place, time in enumerate(times):
            if time < self._time and not self._found:
                continue  # the other stream wanted these
            self._found = True
            if not self._left or time > self._time:
                self.done = True
                return place
            self._left -= 1
        return len(times)
