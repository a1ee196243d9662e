"""Show what pollers last read: families that stay on the page while their snapshots are fresh."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Generic, Protocol, TypeAlias, TypeVar

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.exposition import Labels, ValueFamily

Rows: TypeAlias = Sequence[tuple[Labels, float]]
Sheet: TypeAlias = Mapping[str, Rows]
"""What one poll has to show: rows by the full name of their family."""

S_co = TypeVar("S_co", covariant=True)


class Snapshots(Protocol, Generic[S_co]):
    """Something that keeps a snapshot while it is young enough to be true: a `Poller`."""

    @property
    def snapshot(self) -> S_co | None:
        """The latest snapshot; None where there is none or it is too old."""


class SnapshotCollector(Collector):
    """Shows families, each with the rows of every fresh snapshot that knows it.

    Several pollers may bring rows of one family (the app's downloads and those of the stream): it
    is one family with one limit, and when one of them fails for too long only its rows go. A family
    without rows is not on the page. Nothing is read here and nothing is copied where no poll
    came in between; the families belong to this collector alone.
    """

    def __init__(
        self, families: Iterable[ValueFamily], pollers: Sequence[Snapshots[Sheet]]
    ) -> None:
        self._families = tuple(families)
        self._pollers = tuple(pollers)
        self._shown: dict[str, tuple[Rows, ...]] = {}

    def describe(self) -> Iterable[Metric]:
        """Every family that may come: a registry refuses a second of the same name."""
        return self._families

    def collect(self) -> Iterable[Metric]:
        """The families that have rows now, one by one, so that others get a turn in between."""
        for family in self._families:
            self._refresh(family)
            if len(family):
                yield family

    def _refresh(self, family: ValueFamily) -> None:
        name = family.full_name
        sheets = (poller.snapshot or {} for poller in self._pollers)
        fresh = tuple(sheet[name] for sheet in sheets if name in sheet)
        shown = self._shown.get(name, ())
        # Compared by identity: a snapshot never changes, and comparing rows costs as much as
        # writing them.
        if len(fresh) != len(shown) or any(a is not b for a, b in zip(fresh, shown, strict=True)):
            family.replace(chain.from_iterable(fresh))
            self._shown[name] = fresh
