"""Counters, gauges, untyped and info metrics: one value a series."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from prometheus_client.samples import Sample

from exporters.core.exposition.family import Block, Family, OnDrop, ignore_drops
from exporters.core.exposition.limits import Labels, Limits

ValueKind = Literal["counter", "gauge", "unknown", "info"]
Rows = Mapping[Labels, float] | Iterable[tuple[Labels, float]]


class ValueFamily(Family):
    """A family with one value a series.

    Label values come as a tuple of strings in the order of `labelnames`; a tuple of another length
    is a ValueError. A counter refuses a negative amount or value, and NaN, with ValueError.
    """

    def __init__(
        self,
        kind: ValueKind,
        name: str,
        documentation: str,
        labelnames: Sequence[str] = (),
        *,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        on_drop: OnDrop = ignore_drops,
    ) -> None:
        super().__init__(kind, name, documentation, labelnames)

    def __len__(self) -> int:
        """How many series there are."""
        raise NotImplementedError

    def value(self, labels: Labels) -> float | None:
        """The value of a series, or None if it is not there."""
        raise NotImplementedError

    def set(self, labels: Labels, value: float) -> None:
        """Give a series its value. Over a cap it is dropped, whatever the policy, and counted.

        To fold a gauge would need the memory of all that was folded; `replace` can.
        """
        raise NotImplementedError

    def inc(self, labels: Labels, amount: float = 1.0) -> None:
        """Add to a series, which begins at 0: `inc(labels, 0)` makes it appear."""
        raise NotImplementedError

    def add_many(self, rows: Iterable[tuple[Labels, float]]) -> None:
        """Add every amount to its series. A refused amount ends it; those before it are counted."""
        raise NotImplementedError

    def replace(self, rows: Rows) -> None:
        """Make the family exactly these rows.

        Series that stay keep their place under the limits, then the others are admitted in the
        order of `rows`; rows that fold into one series, or come twice, add up (with the policy
        `drop` the last one counts). Built aside and swapped in by one assignment: with many rows it
        may run in a worker thread, as long as nobody else updates the family meanwhile.
        """
        raise NotImplementedError

    def remove(self, labels: Labels) -> None:
        """Forget a series, if it is there; what was folded into `other` stays in it."""
        raise NotImplementedError

    def clear(self) -> None:
        """Forget every series."""
        raise NotImplementedError

    def blocks(self, size: int) -> Iterator[Block]:
        """See `Family.blocks`; all values are of the moment the first block is asked for."""
        raise NotImplementedError

    def _samples(self) -> list[Sample]:
        raise NotImplementedError
