"""Show what pollers last read: families that stay on the page while their snapshots are fresh."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Generic, Protocol, TypeAlias, TypeVar

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.exposition import Labels, ValueFamily

Rows: TypeAlias = Sequence[tuple[Labels, float]]
Sheet: TypeAlias = Mapping[str, Rows]
"""What one poll has to show: rows by the full name of their family."""

_FEW = 500
"""Rows that are written in less time than a worker thread takes to begin."""

S_co = TypeVar("S_co", covariant=True)


class Snapshots(Protocol, Generic[S_co]):
    """Something that keeps a snapshot while it is young enough to be true: a `Poller`."""

    @property
    def snapshot(self) -> S_co | None:
        """The latest snapshot; None where there is none or it is too old."""

    def follow(self, follower: Callable[[], Awaitable[None]]) -> None:
        """Have `follower` called when there is a new snapshot."""


class SnapshotCollector(Collector):
    """Shows families, each with the rows of every fresh snapshot that knows it.

    Several pollers may bring rows of one family (the app's downloads and those of the stream): it
    is one family with one limit, and when one of them fails for too long only its rows go. A family
    without rows is not on the page. The families belong to this collector alone.

    Rows are written as soon as they are read, many of them in a worker thread, so that neither a
    poll nor a scrape holds up the event loop. Only what has become too old is left for a scrape.
    """

    def __init__(
        self, families: Iterable[ValueFamily], pollers: Sequence[Snapshots[Sheet]]
    ) -> None:
        self._families = tuple(families)
        self._pollers = tuple(pollers)
        self._shown: dict[str, tuple[Rows, ...]] = {}
        self._writing = threading.Lock()
        for poller in self._pollers:
            poller.follow(self.refresh)

    def describe(self) -> Iterable[Metric]:
        """Every family that may come: a registry refuses a second of the same name."""
        return self._families

    def collect(self) -> Iterable[Metric]:
        """The families that have rows now, one by one, so that others get a turn in between."""
        for family in self._families:
            fresh = self._fresh(family)
            # While another thread writes, what was there before is shown: it is just as true.
            if self._differs(family, fresh) and not self._writing.locked():
                self._write(family, fresh)
            if len(family):
                yield family

    async def refresh(self) -> None:
        """Write what is new."""
        for family in self._families:
            fresh = self._fresh(family)
            if not self._differs(family, fresh):
                continue
            if sum(map(len, fresh)) > _FEW or self._writing.locked():
                await asyncio.to_thread(self._write, family, fresh)
            else:
                self._write(family, fresh)

    def _fresh(self, family: ValueFamily) -> tuple[Rows, ...]:
        name = family.full_name
        sheets = (poller.snapshot or {} for poller in self._pollers)
        return tuple(sheet[name] for sheet in sheets if name in sheet)

    def _differs(self, family: ValueFamily, fresh: tuple[Rows, ...]) -> bool:
        # Compared by identity: a snapshot never changes, and comparing rows costs as much as
        # writing them.
        shown = self._shown.get(family.full_name, ())
        return len(fresh) != len(shown) or any(
            a is not b for a, b in zip(fresh, shown, strict=True)
        )

    def _write(self, family: ValueFamily, fresh: tuple[Rows, ...]) -> None:
        # One at a time: a family is replaced by nobody else meanwhile. Should an older state come
        # second, the next look finds that it differs.
        with self._writing:
            family.replace(chain.from_iterable(fresh))
            self._shown[family.full_name] = fresh
