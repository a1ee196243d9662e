"""A metric family that lives as long as the process and keeps its series ready to be written."""

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

from prometheus_client import Metric
from prometheus_client.samples import Sample

from exporters.core.exposition.limits import Labels

Kind = Literal["counter", "gauge", "unknown", "info", "histogram"]
OnDrop = Callable[[str, int], None]
"""Told the family's name and how many updates were folded or dropped."""
Block = tuple[Sequence[str], Sequence[float]]
"""Prepared beginnings of lines, and the values that end them."""

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SUFFIX = {"counter": "_total", "info": "_info"}


def ignore_drops(_family: str, _count: int) -> None:
    """The `on_drop` of a family whose label values are all known beforehand."""


class Family(Metric):
    """What `ValueFamily` and `HistogramFamily` share: names, labels, and the way to the reader.

    A `prometheus_client` Metric, so every consumer of that library can read it, and its own
    collector, so it can be registered. It belongs to the event loop's thread.
    """

    full_name: str
    """The name in the text format and in PromQL: with `_total` or `_info` where the kind has it."""
    labelnames: tuple[str, ...]

    def __init__(
        self, kind: Kind, name: str, documentation: str, labelnames: Sequence[str]
    ) -> None:
        """`name` may have the suffix of its kind (`_total`, `_info`) or not.

        ValueError for a name or label that the text format cannot carry bare, or given twice.
        """
        suffix = _SUFFIX.get(kind, "")
        super().__init__(name.removesuffix(suffix), documentation, kind)
        self.full_name = self.name + suffix
        self.labelnames = tuple(labelnames)
        _check_names(self.full_name, self.labelnames)

    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def collect(self) -> Iterable[Metric]:
        """Itself: a family may be registered like any collector."""
        return (self,)

    describe = collect

    @property
    def samples(self) -> list[Sample]:
        """Every sample as the library models it: for its own writers, too slow for a scrape."""
        return self._samples()

    @samples.setter
    def samples(self, _: list[Sample]) -> None:
        """Metric's constructor assigns an empty list; ours are made when they are read."""

    @abstractmethod
    def blocks(self, size: int) -> Iterator[Block]:
        """The lines of the family in blocks of about `size`, a series never split between two.

        Safe against every change of the family between two blocks.
        """

    @abstractmethod
    def _samples(self) -> list[Sample]: ...


def _check_names(name: str, labelnames: Labels) -> None:
    # A colon is for recording rules; it and any other character would be escaped, differently
    # in each format.
    for word in (name, *labelnames):
        if not _NAME.fullmatch(word):
            raise ValueError(f"not a name for a metric or label: {word!r}")
    for label in labelnames:
        if label.startswith("__"):
            raise ValueError(f"label {label!r} is reserved")
    if len(set(labelnames)) < len(labelnames):
        raise ValueError(f"{name} has a label twice")


def line_beginning(name: str, labelnames: Sequence[str], **fixed: str) -> str:
    """A `%` template of `\\nname{label="…",…} ` that takes the escaped values in label order."""
    raise NotImplementedError
