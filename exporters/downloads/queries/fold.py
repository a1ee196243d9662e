"""Rows to metric families, as they arrive and in bounded memory, however many they are."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from math import inf, isnan
from typing import Any, Protocol

from prometheus_client import Metric

from exporters.core.errors import SourceMalformed
from exporters.core.exposition import (
    OTHER,
    HistogramFamily,
    Labels,
    Limits,
    OnDrop,
    Policy,
    ValueFamily,
)
from exporters.core.exposition.values import ValueKind
from exporters.downloads.queries.cells import converter, lenient, unfit
from exporters.downloads.queries.model import Measure, Query

TIMESTAMP = "_timestamp_seconds"
"""The ending of moments: over a limit they are left out, since a sum of them means nothing."""


class Fold(Protocol):
    """The rows of one poll for one family. A failed poll's is thrown away, and changes nothing."""

    def add(self, labels: Labels, row: Sequence[Any]) -> None:
        """Take one row; SourceMalformed for one that cannot be a sample."""

    def finish(self) -> Metric:
        """Make the family what the rows say, and return it."""


Begin = Callable[[Sequence[int], Sequence[str]], Fold]
"""Begins a poll of one measure, given where in a row its columns are, and the names of all."""


def folds(query: Query, on_drop: OnDrop) -> Iterator[Begin]:
    """Give for each measure of a query what begins a poll of it."""
    for measure in query.measures:
        moments = measure.name.endswith(TIMESTAMP)
        limits = replace(query.limits, policy=Policy.DROP) if moments else query.limits
        if measure.kind == "histogram":
            yield _histograms(measure, query.labels, limits, on_drop)
        else:
            yield _values(measure, measure.kind, query.labels, limits, on_drop)


def _values(
    measure: Measure, kind: ValueKind, labels: Labels, limits: Limits, on_drop: OnDrop
) -> Begin:
    # The family lives as long as the query: it keeps the places of series, and their lines.
    family = ValueFamily(kind, measure.name, measure.help, labels, limits=limits, on_drop=on_drop)
    return lambda at, names: ValueFold(measure, at[0], names[at[0]], family, limits, on_drop)


def _histograms(measure: Measure, labels: Labels, limits: Limits, on_drop: OnDrop) -> Begin:
    return lambda at, _: HistogramFold(measure, at, labels, limits, on_drop)


class ValueFold:
    """Values of a gauge or counter.

    Holds twice the series limit at most: the series that the family had, and as many new ones; all
    that comes after these is summed at once. What of the new ones has a place, the family decides.
    """

    def __init__(
        self,
        measure: Measure,
        at: int,
        column: str,
        family: ValueFamily,
        limits: Limits,
        on_drop: OnDrop,
    ) -> None:
        self._at = at
        self._column = column
        self._reading = measure.reading
        self._convert = converter(measure)
        self._counts = measure.kind == "counter"
        self._family = family
        self._left = limits.series
        self._sums = limits.policy is not Policy.DROP
        self._on_drop = on_drop
        self._rows: dict[Labels, float] = {}
        self._rest = 0.0
        self._folded = 0

    def add(self, labels: Labels, row: Sequence[Any]) -> None:
        """Take one row. NULL is no sample; the same labels twice are an error."""
        cell = row[self._at]
        try:
            value = self._convert(cell)
        except (KeyError, ValueError, TypeError) as error:
            raise unfit(self._column, self._reading, cell) from error
        if value is None:
            return
        if self._counts and not value >= 0:
            raise SourceMalformed(f"column {self._column} is below 0 or NaN, and a counter cannot")
        rows = self._rows
        if labels in rows:
            raise twice(self._family.labelnames)
        if self._left:
            self._left -= self._family.value(labels) is None
        elif self._family.value(labels) is None:
            self._rest += value
            self._folded += 1
            return
        rows[labels] = value

    def finish(self) -> Metric:
        """Give the family its rows."""
        rows = list(self._rows.items())
        if self._folded:
            self._on_drop(self._family.full_name, self._folded)
            if self._sums:
                rows.append(((OTHER,) * len(self._family.labelnames), self._rest))
        self._family.replace(rows)
        return self._family


class HistogramFold:
    """Histograms that the database has counted: four columns, and every row the same buckets."""

    def __init__(
        self,
        measure: Measure,
        at: Sequence[int],
        labels: Labels,
        limits: Limits,
        on_drop: OnDrop,
    ) -> None:
        self._at = at
        self._measure = measure
        self._labels = labels
        self._limits = limits
        self._on_drop = on_drop
        self._bounds: tuple[float, ...] = (inf,)
        self._family = self._of(self._bounds)
        self._empty = True

    def add(self, labels: Labels, row: Sequence[Any]) -> None:
        """Take one row: bounds and cumulative counts as arrays, sum and count as numbers."""
        cells = [row[i] for i in self._at]
        if cells[0] is None or cells[1] is None:
            return
        try:
            bounds, counts, total = _histogram(*cells)
        except (KeyError, ValueError, TypeError) as error:
            column = self._measure.column
            text = f"column {column} and its _bucket, _sum and _count are not one histogram"
            raise SourceMalformed(text) from error
        if self._empty:
            self._bounds, self._family = bounds, self._of(bounds)
            self._empty = False
        elif bounds != self._bounds:
            raise SourceMalformed(f"column {self._measure.column} has other buckets in some rows")
        if self._family.count(labels) is not None and labels != (OTHER,) * len(labels):
            raise twice(self._labels)
        self._family.add(labels, counts, total)

    def finish(self) -> Metric:
        """Return this poll's family: the buckets may have changed since the last."""
        return self._family

    def _of(self, bounds: tuple[float, ...]) -> HistogramFamily:
        return HistogramFamily(
            self._measure.name,
            self._measure.help,
            self._labels,
            buckets=bounds,
            limits=self._limits,
            on_drop=self._on_drop,
        )


def _histogram(
    keys: Sequence[Any], buckets: Sequence[Any], total: object, count: object
) -> tuple[tuple[float, ...], list[float], float]:
    """Return bounds up to +Inf, the count of each bucket alone, and the sum; or ValueError."""
    cumulative = {_real(key): _real(seen) for key, seen in zip(keys, buckets, strict=True)}
    if len(cumulative) < len(keys):
        raise ValueError("a bound twice")
    cumulative[inf] = _real(count)
    bounds = tuple(sorted(cumulative))
    steps = [0.0, *(cumulative[bound] for bound in bounds)]
    counts = [after - before for before, after in pairwise(steps)]
    if not all(0 <= seen < inf for seen in counts):
        raise ValueError("counts that fall")
    return bounds, counts, 0.0 if total is None else _real(total)


def _real(value: object) -> float:
    real = lenient(value)
    if real is None or isnan(real):
        raise ValueError("NULL or NaN")
    return real


def twice(labelnames: Sequence[str]) -> SourceMalformed:
    """Return the error for two rows that would be one series."""
    if not labelnames:
        return SourceMalformed("there are several rows: name a label that tells them apart")
    names = ", ".join(labelnames)
    return SourceMalformed(f"several rows have the same {names}: add a label, or GROUP BY these")
