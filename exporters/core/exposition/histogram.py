"""Histograms with fixed buckets."""

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client.samples import Sample

from exporters.core.exposition.family import Block, Family, OnDrop, ignore_drops
from exporters.core.exposition.limits import Labels, Limits


class HistogramFamily(Family):
    """A family of histograms that share their buckets.

    `buckets` are upper bounds, ascending; +Inf is added if it is missing.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Sequence[str] = (),
        *,
        buckets: Sequence[float],
        limits: Limits = Limits(),  # noqa: B008 - frozen
        on_drop: OnDrop = ignore_drops,
    ) -> None:
        super().__init__("histogram", name, documentation, labelnames)

    def __len__(self) -> int:
        """How many series (label sets, not lines) there are."""
        raise NotImplementedError

    def count(self, labels: Labels) -> float | None:
        """The observations of a series, or None if it is not there."""
        raise NotImplementedError

    def observe(self, labels: Labels, value: float) -> None:
        """Count one observation; NaN is a ValueError."""
        raise NotImplementedError

    def add(self, labels: Labels, counts: Sequence[float], total: float) -> None:
        """Add many observations: how many fell into each bucket (not cumulative, +Inf last), and
        their sum. ValueError for another number of buckets, a negative count or NaN.

        Counts of 0 and a sum of 0 make the series appear.
        """
        raise NotImplementedError

    def add_many(self, rows: Iterable[tuple[Labels, Sequence[float], float]]) -> None:
        """`add` for every row (labels, counts, sum)."""
        raise NotImplementedError

    def remove(self, labels: Labels) -> None:
        """Forget a series, if it is there; what was folded into `other` stays in it."""
        raise NotImplementedError

    def clear(self) -> None:
        """Forget every series."""
        raise NotImplementedError

    def blocks(self, size: int) -> Iterator[Block]:
        """See `Family.blocks`."""
        raise NotImplementedError

    def _samples(self) -> list[Sample]:
        raise NotImplementedError
