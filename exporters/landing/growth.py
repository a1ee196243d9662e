"""What the last minutes brought: how much each series of a counter grew, step by step."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping

from exporters.core.exposition import Labels, Row

STEP = 5.0
"""Seconds between two looks at the counters."""
STEPS = 120
"""Looks that are remembered: ten minutes."""
MINUTE = round(60 / STEP)


class Growth:
    """Remembers by how much a counter grew in each of the last steps. Only what grew takes room.

    A step is None where nothing is known of it: before the first look, and while the counter was
    away. What was counted then is no part of any step, so that no step shows a jump.
    """

    def __init__(self) -> None:
        self._before: dict[Labels, float] | None = None
        self._steps: deque[Mapping[Labels, float] | None] = deque([None] * STEPS, STEPS)

    def look(self, rows: Iterable[Row] | None) -> None:
        """Take the series as they are now; None where the counter is not there."""
        now = None if rows is None else dict(rows)
        before, self._before = self._before, now
        if now is None or before is None:
            self._steps.append(None)
            return
        grown = ((labels, value - before.get(labels, 0.0)) for labels, value in now.items())
        self._steps.append({labels: amount for labels, amount in grown if amount > 0})

    def amounts(self) -> tuple[float | None, ...]:
        """Return what each step brought, the oldest first."""
        return tuple(None if step is None else sum(step.values()) for step in self._steps)

    def last(self, steps: int) -> float | None:
        """Return what the last steps brought together; None where nothing is known of them."""
        known = [amount for amount in self.amounts()[-steps:] if amount is not None]
        return sum(known) if known else None

    def rate(self) -> float | None:
        """Return how much came a second, over the last minute as far as it is known."""
        known = [amount for amount in self.amounts()[-MINUTE:] if amount is not None]
        return sum(known) / (len(known) * STEP) if known else None

    def by_series(self) -> Mapping[Labels, float]:
        """Return what each series brought in all the steps that are remembered."""
        sums: Counter[Labels] = Counter()
        for step in self._steps:
            for labels, amount in (step or {}).items():
                sums[labels] += amount  # type: ignore[assignment]  # a Counter counts floats as well
        return sums
