"""How far the log of a container was read: exact to the line, whatever its times are. Pure.

A position in a stream has an anchor: a line that was the newest when it came. It says the time of
that line, and how many lines of the stream were taken since, itself included. Docker's `since`
begins at the first line of that time, so what was taken can be told by counting: equal times and
clocks that were set back do no harm. A stream in which nothing happens anchors at lines of the
other one, or a restart would read again all that was ever written there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

STREAMS = ("stdout", "stderr")

_FOREIGN = "+"


@dataclass(slots=True)
class Position:
    """Where one stream was read to."""

    newest: int = 0
    """The anchor's time."""
    count: int = 0
    foreign: bool = False
    """Whether the anchor is a line of the other stream; it is not counted then."""

    @classmethod
    def parse(cls, newest: str, count: str) -> "Position":
        """Return what its words say; ValueError where they say nothing."""
        return cls(int(newest), int(count.rstrip(_FOREIGN)), count.endswith(_FOREIGN))

    def __str__(self) -> str:
        return f"{self.newest} {self.count}{_FOREIGN if self.foreign else ''}"

    def advance(self, times: Sequence[int]) -> None:
        """Move over lines with these times, in the order in which they were written."""
        newest = max(times)
        if newest > self.newest:
            self.newest, self.count = newest, len(times) - times.index(newest)
            self.foreign = False
        else:
            self.count += len(times)

    def follow(self, time: int) -> None:
        """Anchor at a line of the other stream, the newest ever, that is behind all of this one."""
        if time > self.newest:
            self.newest, self.count, self.foreign = time, 0, True


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
        out, out_count, err, err_count = cursor.split(" ")
        return cls(
            {"stdout": Position.parse(out, out_count), "stderr": Position.parse(err, err_count)}
        )

    def __str__(self) -> str:
        return " ".join(map(str, self.streams.values()))

    @property
    def newest(self) -> int:
        """The newest time of both."""
        return max(each.newest for each in self.streams.values())

    @property
    def since(self) -> int:
        """Where to read from, in nanoseconds; 0 for the beginning."""
        return min(each.newest for each in self.streams.values())


@dataclass(slots=True)
class _Search:
    """What of one stream is still to be skipped."""

    anchor: int
    left: int
    foreign: bool
    found: bool = False
    done: bool = False


class Resume:
    """Finds the first new line of each stream, when both are read again from positions on."""

    def __init__(self, positions: Positions) -> None:
        self._searches = {
            name: _Search(each.newest, each.count, each.foreign)
            for name, each in positions.streams.items()
        }

    @property
    def done(self) -> bool:
        """Whether all that comes now is new."""
        return all(search.done for search in self._searches.values())

    def skips(self, stream: str) -> bool:
        """Whether there may be a line of this stream to come that was taken before."""
        search = self._searches[stream]
        return not search.done and search.left > 0

    def seen(self, stream: str, times: Sequence[int]) -> int:
        """Return how many of a stream's next lines, from the first on, were taken before.

        Lines of both streams have to come here in the order in which they were written.
        """
        taken = 0
        for time in times:
            for name, search in self._searches.items():
                if time >= search.anchor and (search.foreign or name == stream):
                    search.found = True
            taken += self._taken(self._searches[stream], time)
        return taken

    def _taken(self, own: _Search, time: int) -> bool:
        if own.done:
            return False
        if not own.found:
            return True
        own.done = not own.left or time > own.anchor
        own.left -= 1
        return not own.done
