"""Counters, gauges, untyped and info metrics: one value a series."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from prometheus_client.samples import Sample

from exporters.core.exposition.family import Family, OnDrop, Table, ignore_drops, line_template
from exporters.core.exposition.limits import Labels, Limits, Policy
from exporters.core.exposition.numbers import numbers

ValueKind = Literal["counter", "gauge", "unknown", "info"]
Row = tuple[Labels, float]
"""The label values of a series in the order of the family's label names, and a number."""


class ValueFamily(Family[float]):
    """A family with one value a series.

    A tuple of label values that has not the length of `labelnames` is a ValueError; so is, for a
    counter, a negative number or NaN.
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
        super().__init__(kind, name, documentation, labelnames, limits, on_drop)
        self._template = line_template(self.full_name, self.labelnames)
        self._moment: tuple[int, list[str], list[float]] = (0, [], [])
        self._kept: list[str] = []

    def value(self, labels: Labels) -> float | None:
        """The value of a series, or None if it is not there."""
        return self._table.values.get(labels)

    def rows(self) -> list[Row]:
        """Every series with its value, as they are at this moment."""
        return list(self._table.values.items())

    def set(self, labels: Labels, value: float) -> None:
        """Give a series its value; one that has no place under the limits is dropped and counted.

        It is dropped whatever the policy: to fold values that are set one by one would take a
        memory of all of them. `replace` folds.
        """
        number, table = self._checked(value), self._table
        key = labels if labels in table.values else self._seat(table, labels, fold=False)
        if key is not None:
            table.values[key] = number
        self._report_drops()

    def inc(self, labels: Labels, amount: float = 1.0) -> None:
        """Add to a series, which begins at 0: `inc(labels, 0)` makes it appear."""
        self.add_many(((labels, amount),))

    def add_many(self, rows: Iterable[Row]) -> None:
        """Add each amount to its series. One that is refused ends it; those before it are added."""
        table = self._table
        values = table.values
        for labels, amount in rows:
            number = self._checked(amount)
            key = labels if labels in values else self._seat(table, labels)
            if key is not None:
                values[key] += number
        self._report_drops()

    def replace(self, rows: Iterable[Row]) -> None:
        """Make the family exactly these rows.

        Series and label values that are still there keep their places, the others are admitted in
        the order of `rows`. Rows of one series add up (under the policy `drop` the last one
        counts). The new table is built aside and swapped in by one assignment, so that with many
        rows it may be done in a worker thread, if nobody else updates the family meanwhile;
        `on_drop` is then called there.
        """
        old = self._table
        lines: dict[Labels, str] = {}
        values: dict[Labels, float] = {}
        coming: list[Row] = []
        for labels, value in rows:
            number = self._checked(value)
            key = labels if labels in old.lines else self._clean(labels)
            if key not in old.lines:
                coming.append((key, number))
            elif key in values:
                values[key] = self._merged(values[key], number)
            else:
                lines[key], values[key] = old.lines[key], number
        new = Table(old.places, lines, values)
        if coming or len(values) < len(old.values):
            gone = old.values.keys() - values.keys()
            new.places = old.places.renewed(gone, [labels for labels, _ in coming])
            self._admit(new, coming)
        self._table = new
        self._report_drops()

    def refill(self, values: Sequence[float]) -> None:
        """Give every series a new value, in the order of the rows that `replace` was last given.

        That is a third of the work of `replace`, for who knows that the series are the same.
        ValueError for another number of values than of series.
        """
        table = self._table
        table.values = dict(zip(table.values, map(self._checked, values), strict=True))

    def _admit(self, table: Table[float], rows: Iterable[Row]) -> None:
        """Add rows without a series to a table that nobody sees yet."""
        for labels, value in rows:
            key = labels if labels in table.values else self._seat(table, labels)
            if key is not None:
                table.values[key] = self._merged(table.values[key], value)
        table.places.settle()

    def _merged(self, value: float, another: float) -> float:
        return another if self._limits.policy is Policy.DROP else value + another

    def _checked(self, value: float) -> float:
        """The value as a plain float: a subclass's `repr` would end up on the page."""
        number = float(value)
        if self.type == "counter" and not number >= 0:
            raise ValueError(f"counter {self.full_name} cannot take {number}")
        return number

    def iter_samples(self) -> Iterator[Sample]:
        """See `Family.iter_samples`."""
        for labels, value in list(self._table.values.items()):
            named = dict(zip(self.labelnames, labels, strict=True))
            yield Sample(self.full_name, named, value)

    def blocks(self, size: int) -> Iterator[str]:
        """See `Family.blocks`; all values are those of the moment the first block is asked for.

        Where nothing is new at two scrapes in a row, what the second wrote is kept for the next.
        """
        table = self._table
        moment = size, list(table.lines.values()), list(table.values.values())
        same, self._moment = moment == self._moment, moment
        if same and self._kept:
            yield from self._kept
            return
        self._kept, kept = [], []
        for block in _written(*moment):
            if same:
                kept.append(block)
            yield block
        if self._moment is moment:  # no other scrape began meanwhile
            self._kept = kept

    def _line(self, labels: Labels) -> str:
        return self._template % self._escaped(labels)

    def _zero(self) -> float:
        return 0.0


def _written(size: int, lines: list[str], values: list[float]) -> Iterator[str]:
    for start in range(0, len(lines), size):
        texts = numbers(values[start : start + size])
        block = [""] * (2 * len(texts))
        block[::2] = lines[start : start + size]
        block[1::2] = texts
        yield "".join(block)
