"""What is handed to the sink: streams with bounded labels, entries, cursors."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

Pairs = tuple[tuple[str, str], ...]
"""Structured metadata: names, each once, and values, as many different ones as there may be."""

Cursors = Mapping[str, str | None]
"""How far a caller has come, by keys and in values of its own; None forgets a key."""

NOWHERE: Cursors = MappingProxyType({})
"""Of a caller who has no cursors."""


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
