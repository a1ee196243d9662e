"""What is handed to the sink, streams with bounded labels, entries, cursors; and what it holds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple, overload

Pairs = tuple[tuple[str, str], ...]
"""Structured metadata: names, each once, and values, as many different ones as there may be."""

Cursors = Mapping[str, str | None]
"""How far a caller has come, by keys and in values of its own; None forgets a key."""

NOWHERE: Cursors = MappingProxyType({})
"""Of a caller who has no cursors."""

_BESIDES = 64
"""Bytes that a line needs besides its text, about."""


class Stream(NamedTuple):
    """The labels of a stream, as metrics have them (DESIGN 4). An empty one is left out.

    A tuple and no dataclass, as Entry: made and hashed for each line, it takes half the time.
    """

    service: str
    stack: str
    host: str
    stream: str

    @property
    def labels(self) -> dict[str, str]:
        """The labels that have a value."""
        return {name: value for name, value in self._asdict().items() if value}


class Entry(NamedTuple):
    """A line as Loki keeps it. `ns` is Unix time in nanoseconds, 0 or later."""

    stream: Stream
    ns: int
    line: str
    metadata: Pairs = ()


@dataclass(frozen=True, slots=True)
class Columns(Sequence[Entry]):
    """Entries of one stream, column by column: the entries themselves are made when asked for.

    To make them, and to take them apart again, would cost half as much as to encode them.
    """

    stream: Stream
    times: Sequence[int]
    lines: Sequence[str]
    shared: Pairs
    """The metadata of every line, before its own."""
    own: Mapping[str, Sequence[str]]
    """Metadata by name: a value for each line, empty where it has none."""

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[Entry]:
        rows = zip(self.times, self.lines, *self.own.values(), strict=True)
        for ns, line, *values in rows:
            own = (pair for pair in zip(self.own, values, strict=True) if pair[1])
            yield Entry(self.stream, ns, line, (*self.shared, *own))

    @overload
    def __getitem__(self, place: int) -> Entry: ...
    @overload
    def __getitem__(self, place: slice) -> "Columns": ...
    def __getitem__(self, place: int | slice) -> "Entry | Columns":
        if isinstance(place, int):
            place = range(len(self))[place]
            return next(iter(self[place : place + 1]))
        own = {name: values[place] for name, values in self.own.items()}
        return Columns(self.stream, self.times[place], self.lines[place], self.shared, own)


def times_of(entries: Sequence[Entry]) -> Sequence[int]:
    """Return the times of entries."""
    return entries.times if isinstance(entries, Columns) else [*map(itemgetter(1), entries)]


def lines_of(entries: Sequence[Entry]) -> Sequence[str]:
    """Return the lines of entries."""
    return entries.lines if isinstance(entries, Columns) else [*map(itemgetter(2), entries)]


def by_stream(entries: Sequence[Entry]) -> Mapping[Stream, Sequence[Entry]]:
    """Return the entries of each stream, in their order."""
    if isinstance(entries, Columns):
        return {entries.stream: entries}
    streams: dict[Stream, list[Entry]] = {}
    for stream, run in groupby(entries, itemgetter(0)):
        streams.setdefault(stream, []).extend(run)
    return streams


def weights(entries: Sequence[Entry]) -> Sequence[int]:
    """Return how many bytes each entry needs, about."""
    return [*map(_BESIDES.__add__, map(len, lines_of(entries)))]


class Encoded(NamedTuple):
    """Entries of one stream, in their order, as they stand in the body of a push."""

    stream: Stream
    entries: int
    oldest: int
    """The time of the oldest."""
    data: bytes


def together(parts: Iterable[Encoded]) -> Mapping[Stream, Sequence[bytes]]:
    """Return what there is of each stream, in the order of the parts."""
    streams: dict[Stream, list[bytes]] = {}
    for part in parts:
        streams.setdefault(part.stream, []).append(part.data)
    return streams
