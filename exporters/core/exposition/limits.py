"""How many values a label may have, how many series a family, and where the rest goes."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

Labels = tuple[str, ...]
"""The label values of one series, in the order of the family's label names."""

OTHER = "other"
"""The label value that gathers every value over the cap."""

LABEL_LIMIT = 5_000
"""Values of one label: twice the episodes of a large platform."""

SERIES_LIMIT = 50_000
"""Series of one family: beyond it Prometheus suffers before we do."""


class Policy(Enum):
    """What becomes of an update whose label value has no place."""

    FOLD = "fold"
    """That label becomes `other`, the other labels keep theirs: sums stay right."""
    FOLD_ALL = "fold_all"
    """All labels of the series become `other`: sums stay right, and no half-true series appears."""
    DROP = "drop"
    """The update is dropped: adding up would be nonsense (info, timestamps)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The caps of one family (DESIGN 3.7).

    `series` caps the family, `label` each of its labels, `labels` single labels by name. The values
    `other` and the one series that has only them come on top, so a family never holds more than
    `series + 1` series, nor a label more than its cap and `other`.
    """

    series: int = SERIES_LIMIT
    label: int = LABEL_LIMIT
    labels: Mapping[str, int] = field(default_factory=dict)
    policy: Policy = Policy.FOLD

    def caps(self, labelnames: Sequence[str]) -> tuple[int, ...]:
        """The cap of each label; ValueError for a cap of a label that the family has not."""
        strangers = sorted(set(self.labels).difference(labelnames))
        if strangers:
            raise ValueError(f"no such label to limit: {', '.join(strangers)}")
        return tuple(self.labels.get(name, self.label) for name in labelnames)


class Places:
    """Which label values of a family have a place, and how many series hold each.

    Bounded whatever comes: a value over its cap is not remembered. A place is free again when the
    last series that holds it goes.
    """

    __slots__ = ("_caps", "_held", "_limits", "_rest", "_series")

    def __init__(self, labelnames: Sequence[str], limits: Limits) -> None:
        self._limits = limits
        self._caps = limits.caps(labelnames)
        self._held: tuple[Counter[str], ...] = tuple(Counter() for _ in labelnames)
        self._rest: Labels = (OTHER,) * len(labelnames)
        self._series = 0

    def fit(self, labels: Labels, present: Container[Labels]) -> Labels | None:
        """The series that an update belongs to, or None if it is to be dropped.

        `present` are the series that exist. The answer may be a new series, for which the caller
        then calls `take`.
        """
        fitted = self._fold(labels)
        if fitted is None or fitted in present or fitted == self._rest:
            return fitted
        if self._series < self._limits.series:
            return fitted
        return None if self._limits.policy is Policy.DROP else self._rest

    def _fold(self, labels: Labels) -> Labels | None:
        folded = tuple(
            value if value in held or value == OTHER or len(held) < cap else OTHER
            for value, held, cap in zip(labels, self._held, self._caps, strict=True)
        )
        if folded == labels or self._limits.policy is Policy.FOLD:
            return folded
        return None if self._limits.policy is Policy.DROP else self._rest

    def take(self, labels: Labels) -> None:
        """A series with these labels begins."""
        self._series += labels != self._rest
        for value, held in zip(labels, self._held, strict=True):
            if value != OTHER:
                held[value] += 1

    def free(self, labels: Labels) -> None:
        """The series with these labels is gone."""
        self._series -= labels != self._rest
        for value, held in zip(labels, self._held, strict=True):
            if value != OTHER:
                held[value] -= 1
                if not held[value]:
                    del held[value]
