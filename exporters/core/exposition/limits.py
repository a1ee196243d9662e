"""How many values a label may have, how many series a family, and where the rest goes."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

Labels = tuple[str, ...]
"""The label values of one series, in the order of the family's label names."""

OTHER = "other"
"""The label value that gathers every value over the cap."""

LABEL_LIMIT = 5_000
"""Values of one label: more than twice the episodes of a large platform."""

SERIES_LIMIT = 50_000
"""Series of one family, as `downloads.series_limit` has it for users' own SQL."""


class Policy(Enum):
    """What becomes of an update whose label values have no place."""

    FOLD = "fold"
    """A label over its cap becomes `other`, the other labels keep their values: sums stay right."""
    FOLD_ALL = "fold_all"
    """All labels become `other`: sums stay right, and no series is true in one label only."""
    DROP = "drop"
    """The update is dropped: where adding up is nonsense (info, timestamps)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The caps of one family (DESIGN 3.7).

    `series` caps the family, `label` each of its labels, `labels` single labels by their name. What
    is over `series` goes to the one series that has `other` in every label (or is dropped). That
    series and the value `other` come on top: a family holds at most `series + 1` series, a label at
    most its cap and `other`.
    """

    series: int = SERIES_LIMIT
    label: int = LABEL_LIMIT
    labels: Mapping[str, int] = field(default_factory=dict)
    policy: Policy = Policy.FOLD

    def caps(self, labelnames: Sequence[str]) -> tuple[int, ...]:
        """The cap of each label; ValueError where a cap names a label that the family has not."""
        strangers = sorted(set(self.labels).difference(labelnames))
        if strangers:
            raise ValueError(f"no such label to limit: {', '.join(strangers)}")
        return tuple(self.labels.get(name, self.label) for name in labelnames)


class Places:
    """Which label values of a family have a place, and how many series hold each.

    Bounded whatever comes, since a value over its cap is not remembered. A place is free again when
    the last series that holds it goes.
    """

    __slots__ = ("_caps", "_held", "_limits", "_rest", "_series")

    def __init__(self, caps: tuple[int, ...], limits: Limits) -> None:
        self._caps = caps
        self._limits = limits
        self._held: tuple[dict[str, int], ...] = tuple({} for _ in caps)
        self._rest: Labels = (OTHER,) * len(caps)
        self._series = 0

    def fit(self, labels: Labels, present: Container[Labels]) -> Labels | None:
        """The series that an update for `labels` belongs to, or None if it is to be dropped.

        `present` holds the series that there are. The answer may be a new one; who makes it calls
        `take`.
        """
        fitted = self._fold(labels)
        if fitted is None or fitted in present or fitted == self._rest:
            return fitted
        if self._series < self._limits.series:
            return fitted
        return None if self._limits.policy is Policy.DROP else self._rest

    def _fold(self, labels: Labels) -> Labels | None:
        folded = tuple(
            [
                value if value in held or len(held) < cap or value == OTHER else OTHER
                for value, held, cap in zip(labels, self._held, self._caps, strict=True)
            ]
        )
        if folded == labels or self._limits.policy is Policy.FOLD:
            return folded
        return None if self._limits.policy is Policy.DROP else self._rest

    def take(self, labels: Labels) -> None:
        """A series with these labels begins."""
        self._count(labels, 1)

    def free(self, labels: Labels) -> None:
        """The series with these labels is gone."""
        self._count(labels, -1)
        for value, held in zip(labels, self._held, strict=True):
            if not held.get(value, 1):
                del held[value]

    def renewed(self, gone: Iterable[Labels], coming: Iterable[Labels]) -> "Places":
        """A copy in which the series that are `gone` hold nothing any more.

        What only they held is free, save values that the rows `coming` bring again: these keep
        their place until `settle`.
        """
        new = Places(self._caps, self._limits)
        new._series = self._series
        new._held = tuple(held.copy() for held in self._held)
        for labels in gone:
            new._count(labels, -1)
        columns = list(zip(*coming, strict=True)) or ((),) * len(self._caps)
        for held, column in zip(new._held, columns, strict=True):
            _delete_unused(held, keep=frozenset(column))
        return new

    def settle(self) -> None:
        """Give up every place that no series holds."""
        for held in self._held:
            _delete_unused(held, keep=frozenset())

    def _count(self, labels: Labels, change: int) -> None:
        self._series += change * (labels != self._rest)
        for value, held in zip(labels, self._held, strict=True):
            if value != OTHER:
                held[value] = held.get(value, 0) + change


def _delete_unused(held: dict[str, int], *, keep: frozenset[str]) -> None:
    for value in [value for value, series in held.items() if not series and value not in keep]:
        del held[value]
