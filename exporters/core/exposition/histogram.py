"""Histograms with fixed buckets: how often which size was seen."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from math import inf, isnan

from prometheus_client.samples import Sample

from exporters.core.exposition.family import Family, OnDrop, ignore_drops, line_template
from exporters.core.exposition.limits import Labels, Limits
from exporters.core.exposition.numbers import number, numbers


class HistogramFamily(Family[list[float]]):
    """A family of histograms that share their buckets.

    `buckets` are upper bounds, inclusive and ascending; +Inf is added if it is missing. A tuple of
    label values that has not the length of `labelnames` is a ValueError.
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
        super().__init__("histogram", name, documentation, labelnames, limits, on_drop)
        if "le" in self.labelnames:
            raise ValueError(f"{name}: the label le is the histogram's own")
        self._bounds = _upper_bounds(name, buckets)
        self._templates = tuple(
            line_template(f"{name}_bucket", self.labelnames, le=number(bound))
            for bound in self._bounds
        )
        # The text format defines no count and no sum where observations may be negative.
        if self._bounds[0] >= 0:
            self._templates += tuple(
                line_template(name + suffix, self.labelnames) for suffix in ("_count", "_sum")
            )

    def count(self, labels: Labels) -> float | None:
        """The observations of a series, or None if it is not there."""
        cells = self._table.values.get(labels)
        return None if cells is None else sum(cells[:-1])

    def observe(self, labels: Labels, value: float) -> None:
        """Count one observation; NaN is a ValueError."""
        counts = [0.0] * len(self._bounds)
        counts[bisect_left(self._bounds, value)] = 1.0
        self.add(labels, counts, value)

    def add(self, labels: Labels, counts: Sequence[float], total: float) -> None:
        """Add many observations: how many are new in each bucket (+Inf last), and their sum.

        The counts are not cumulative. ValueError for another number of buckets, for a count below
        0 and for NaN. Zeros make the series appear.
        """
        self.add_many(((labels, counts, total),))

    def add_many(self, rows: Iterable[tuple[Labels, Sequence[float], float]]) -> None:
        """`add` each row. One that is refused ends it; those before it are added."""
        table = self._table
        for labels, counts, total in rows:
            self._check(counts, total)
            key = labels if labels in table.values else self._seat(table, labels)
            if key is not None:
                cells = table.values[key]
                for i, count in enumerate(counts):
                    cells[i] += float(count)
                cells[-1] += float(total)
        self._report_drops()

    def _check(self, counts: Sequence[float], total: float) -> None:
        if len(counts) != len(self._bounds):
            raise ValueError(f"{self.name} has {len(self._bounds)} buckets, not {len(counts)}")
        if isnan(total) or not all(count >= 0 for count in counts):
            raise ValueError(f"histogram {self.name} cannot take a count below 0, or NaN")

    def iter_samples(self) -> Iterator[Sample]:
        """See `Family.iter_samples`."""
        for labels, cells in list(self._table.values.items()):
            named = dict(zip(self.labelnames, labels, strict=True))
            *buckets, count, total = _lines_of(cells)
            for bound, value in zip(self._bounds, (*buckets, count), strict=False):
                yield Sample(f"{self.name}_bucket", {**named, "le": number(bound)}, value)
            if self._bounds[0] >= 0:
                yield Sample(f"{self.name}_count", named, count)
                yield Sample(f"{self.name}_sum", named, total)

    def blocks(self, size: int) -> Iterator[str]:
        """See `Family.blocks`; each series is of one moment."""
        table, width = self._table, len(self._templates)
        lines, values = list(table.lines.values()), list(table.values.values())
        step = max(1, size // width)
        for start in range(0, len(lines), step):
            stop = start + step
            yield "".join(
                line % tuple(numbers(_lines_of(cells)[:width]))
                for line, cells in zip(lines[start:stop], values[start:stop], strict=True)
            )

    def _line(self, labels: Labels) -> str:
        """All lines of the series, as a template for its numbers."""
        escaped = tuple(value.replace("%", "%%") for value in self._escaped(labels))
        return "%s".join(template % escaped for template in self._templates) + "%s"

    def _zero(self) -> list[float]:
        """The count of each bucket, not cumulative, then the sum."""
        return [0.0] * (len(self._bounds) + 1)


def _lines_of(cells: list[float]) -> list[float]:
    """The numbers of a series in the order of its lines: cumulative buckets, count, sum."""
    buckets = list(accumulate(cells[:-1]))
    return [*buckets, buckets[-1], cells[-1]]


def _upper_bounds(name: str, buckets: Sequence[float]) -> list[float]:
    bounds = [float(bound) for bound in buckets]
    if not bounds or bounds[-1] != inf:
        bounds.append(inf)
    if not all(low < high for low, high in pairwise(bounds)):
        raise ValueError(f"the buckets of {name} do not ascend")
    return bounds
