"""What is missing in the app's database: said once, and shown for as long as it is missing."""

import logging
from collections.abc import Collection

from exporters.core.exposition import ValueFamily

log = logging.getLogger(__name__)


class Problems:
    """Gathers the problems that several readers of one database meet.

    A reader tells at every poll all that it misses. What several of them miss is one problem.
    """

    def __init__(self, source: str, called: str, family: ValueFamily) -> None:
        """`family` has the labels source and problem, and is filled here alone.

        The log speaks of the database as it is `called` elsewhere.
        """
        self._source = source
        self._called = called
        self.family = family
        self._missed: dict[str, frozenset[str]] = {}

    def report(self, reader: str, missed: Collection[str]) -> None:
        """Take note of what a reader misses; log what begins and what ends with it."""
        before = self._all()
        self._missed[reader] = frozenset(missed)
        after = self._all()
        for problem in sorted(after - before):
            self.family.set((self._source, problem), 1.0)
            log.warning("%s: %s; the metrics that need it are left out", self._called, problem)
        for problem in sorted(before - after):
            self.family.remove((self._source, problem))
            log.info("%s: no longer true: %s", self._called, problem)

    def of(self, reader: str) -> str:
        """Return what a reader misses in one line; empty when nothing."""
        return ", ".join(sorted(self._missed.get(reader, ())))

    def _all(self) -> frozenset[str]:
        return frozenset().union(*self._missed.values())
