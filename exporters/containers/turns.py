"""Who is read in full at a look: everybody, or in turns where that would cost too much."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from time import thread_time

BUDGET = 0.035
"""Seconds of CPU time that a look may cost: of 5 % of a core the rest of the process needs less
than a third."""

MOST = 15
"""Looks within which each container has had its turn, whatever that costs: a scrape's interval."""


class Turns:
    """Chooses who is read in full. What that costs is the machine's affair, and is measured.

    Where a container takes 60 µs, 500 are read at every look; see `benchmarks/containers.py`.
    """

    def __init__(self) -> None:
        self.count = 1
        """Looks that it takes until each has had its turn."""
        self._next = 0

    def whole(self, total: int) -> frozenset[int]:
        """Return the numbers, from 0 to `total`, of those whose turn it is."""
        if self.count == 1:
            return frozenset(range(total))
        share = -(-total // self.count)
        first, self._next = self._next % total if total else 0, self._next + share
        around = (*range(first, total), *range(first))
        return frozenset(islice(around, share))

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Take what the body costs this thread for the price of a look."""
        before = thread_time()
        yield
        self.spent(thread_time() - before)

    def spent(self, seconds: float) -> None:
        """Adapt: one turn more after a look that was too dear, one less where that will do."""
        if seconds > BUDGET:
            self.count = min(self.count + 1, MOST)
        elif self.count > 1 and seconds * self.count / (self.count - 1) < 0.9 * BUDGET:
            self.count -= 1
