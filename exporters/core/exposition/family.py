"""A metric family that lives as long as the process and keeps its lines ready to be written."""

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from prometheus_client import Metric
from prometheus_client.samples import Sample

from exporters.core.exposition.limits import Labels, Limits, Places

Kind = Literal["counter", "gauge", "unknown", "info", "histogram"]
OnDrop = Callable[[str, int], None]
"""Told a family's name, and how many updates were folded or dropped."""
V = TypeVar("V")

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SPECIAL = re.compile(r'[\\\n"]')
_SUFFIX = {"counter": "_total", "info": "_info"}


def ignore_drops(_family: str, _count: int) -> None:
    """The `on_drop` of a family whose label values are all known beforehand."""


@dataclass(slots=True)
class Table(Generic[V]):
    """The series of a family: `lines` and `values` have the same keys in the same order."""

    places: Places
    lines: dict[Labels, str]
    """The beginning of each series' line, escaped; see `line_template`."""
    values: dict[Labels, V]


class Family(Metric, Generic[V]):
    """What `ValueFamily` and `HistogramFamily` share: names, labels, limits, and being readable.

    It is a `prometheus_client` Metric, so each of that library's consumers can read it, and a
    collector of itself, so that it can be registered. It belongs to the event loop's thread.
    """

    full_name: str
    """The name in the text format and in PromQL: with `_total` or `_info` where the kind has it."""
    labelnames: tuple[str, ...]

    def __init__(
        self,
        kind: Kind,
        name: str,
        documentation: str,
        labelnames: Sequence[str],
        limits: Limits,
        on_drop: OnDrop,
    ) -> None:
        """`name` may have the suffix of its kind or not.

        ValueError for a name that not every format can carry as it is, and for a label twice.
        """
        suffix = _SUFFIX.get(kind, "")
        super().__init__(name.removesuffix(suffix), documentation, kind)
        self.full_name = self.name + suffix
        self.labelnames = tuple(labelnames)
        _check_names(self.full_name, self.labelnames)
        self._order = sorted(range(len(labelnames)), key=self.labelnames.__getitem__)
        self._table: Table[V] = Table(Places(limits.caps(self.labelnames), limits), {}, {})
        self._limits = limits
        self._on_drop = on_drop
        self._dropped = 0

    # The library compares metrics by their samples; a registry needs a family to be itself.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __len__(self) -> int:
        """How many series there are."""
        return len(self._table.values)

    def __bool__(self) -> bool:
        """A family without series is a family."""
        return True

    def remove(self, labels: Labels) -> None:
        """Forget a series, if it is there; what was folded into `other` stays in it."""
        labels, table = self._clean(labels), self._table
        if labels in table.values:
            del table.lines[labels], table.values[labels]
            table.places.free(labels)

    def clear(self) -> None:
        """Forget every series."""
        self._table = Table(self._table.places.renewed(self._table.values, ()), {}, {})

    def collect(self) -> Iterable[Metric]:
        """Itself: a family is registered like any collector."""
        return (self,)

    describe = collect

    @property
    def samples(self) -> list[Sample]:
        """Every sample as the library models it: for its own consumers; too slow for a scrape."""
        return list(self.iter_samples())

    @samples.setter
    def samples(self, _: list[Sample]) -> None:
        """Metric's constructor assigns an empty list; ours are made when they are read."""

    @abstractmethod
    def iter_samples(self) -> Iterator[Sample]:
        """The samples one by one; safe against any change of the family on the way."""

    @abstractmethod
    def blocks(self, size: int) -> Iterator[str]:
        r"""The lines of all series, each led by `\n`, in blocks of about `size` lines.

        A series is never split between two blocks, and any change of the family between two blocks
        is harmless.
        """

    @abstractmethod
    def _line(self, labels: Labels) -> str:
        """What `Table.lines` keeps of a series."""

    @abstractmethod
    def _zero(self) -> V:
        """The value with which a series begins."""

    def _seat(self, table: Table[V], labels: Labels, *, fold: bool = True) -> Labels | None:
        """The key in `table` for labels that are not a key, new if need be; None: drop the update.

        Without `fold` whatever would be folded is dropped.
        """
        labels = self._clean(labels)
        fitted = table.places.fit(labels, table.values)
        if fitted != labels:
            self._dropped += 1
            if not fold:
                return None
        if fitted is not None and fitted not in table.values:
            table.lines[fitted] = self._line(fitted)
            table.values[fitted] = self._zero()
            table.places.take(fitted)
        return fitted

    def _report_drops(self) -> None:
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            self._on_drop(self.full_name, dropped)

    def _clean(self, labels: Labels) -> Labels:
        """The labels as UTF-8 can carry them: half a surrogate would spoil the whole page."""
        if len(labels) != len(self.labelnames):
            raise ValueError(f"{self.full_name} has labels {self.labelnames}, not {len(labels)}")
        if "".join(labels).isascii():
            return labels
        return tuple(value.encode("utf-8", "replace").decode() for value in labels)

    def _escaped(self, labels: Labels) -> Labels:
        """The values in the order that `line_template` wants."""
        if _SPECIAL.search("".join(labels)):
            labels = tuple(
                value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
                for value in labels
            )
        return tuple([labels[i] for i in self._order])


def line_template(name: str, labelnames: Sequence[str], **fixed: str) -> str:
    """The beginning of a line up to the value, sorted by label, with `%s` for each value."""
    pairs = dict.fromkeys(labelnames, "%s") | fixed
    inside = ",".join(f'{label}="{value}"' for label, value in sorted(pairs.items()))
    return f"\n{name}{{{inside}}} " if inside else f"\n{name} "


def _check_names(name: str, labelnames: Labels) -> None:
    # A colon is for recording rules; like any other character, each format would escape it in its
    # own way, and the prepared lines would have to be kept for each.
    for word in (name, *labelnames):
        if not _NAME.fullmatch(word):
            raise ValueError(f"not a name for a metric or a label: {word!r}")
    for label in labelnames:
        if label.startswith("__"):
            raise ValueError(f"label {label!r} is reserved")
    if len(set(labelnames)) < len(labelnames):
        raise ValueError(f"{name} has a label twice")
