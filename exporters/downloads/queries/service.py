"""Runs users' queries: one poller each, started and stopped as the definitions change."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.database import Database
from exporters.core.definitions import Entry
from exporters.core.exposition import Family
from exporters.core.poller import Pace, Poller
from exporters.core.telemetry import Telemetry
from exporters.downloads.queries.model import Defaults, Query
from exporters.downloads.queries.parse import parse_query
from exporters.downloads.queries.source import QuerySource

EXPORTER = "downloads"
AT_ONCE = 1
"""Queries that run at once on one database: the app's has two connections, and one is left for the
metrics that are not the users' own."""


@dataclass(frozen=True, slots=True)
class _Running:
    query: Query
    poller: Poller[tuple[Metric, ...]]
    task: asyncio.Task[None]


class SqlKind(Collector):
    """The kind `sql` of definitions; also the service that runs them, and their collector.

    A query that did not change keeps its snapshot and its schedule, one that did starts anew, one
    that is gone leaves nothing behind. A poller's bug ends the service, and so the process.
    """

    word = "sql"
    name = f"{EXPORTER}/queries"

    def __init__(
        self,
        databases: Mapping[str, Database],
        telemetry: Telemetry,
        defaults: Defaults,
        at_once: int = AT_ONCE,
    ) -> None:
        self._databases = databases
        self._telemetry = telemetry
        self._defaults = defaults
        self._turns = {name: asyncio.Semaphore(at_once) for name in databases}
        self._wanted: dict[str, Query] = {}
        self._changed = asyncio.Event()
        self._running: dict[str, _Running] = {}

    def parse(self, entry: Entry, problems: list[str]) -> Query | None:
        """See `Kind.parse`."""
        return parse_query(entry, self._defaults, problems)

    def apply(self, definitions: Sequence[Query]) -> None:
        """See `Kind.apply`; what runs follows as soon as what ends has ended."""
        self._wanted = {query.name: query for query in definitions}
        self._changed.set()

    async def run(self) -> None:
        """Run what is wanted until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                wanted = self._wanted
                await self._stop(wanted)
                for query in wanted.values():
                    if query.name not in self._running:
                        self._running[query.name] = self._start(group, query)
                await self._changed.wait()

    def sources(self) -> tuple[Poller[tuple[Metric, ...]], ...]:
        """Return the pollers there are now, in the order of the files."""
        running = self._running
        return tuple(running[name].poller for name in self._wanted if name in running)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is changes, and its names are checked where it is defined."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Return the families of every query whose snapshot is young enough to be true."""
        return [
            family
            for running in self._running.values()
            for family in running.poller.snapshot or ()
            if not isinstance(family, Family) or len(family)
        ]

    def _start(self, group: asyncio.TaskGroup, query: Query) -> _Running:
        source = QuerySource(query, self._databases[query.database], self._telemetry.dropped)
        poller = Poller(
            EXPORTER,
            _source(query.name),
            source.read,
            pace_of(query),
            self._telemetry,
            turn=self._turns[query.database],
            needed=False,
        )
        return _Running(query, poller, group.create_task(poller.run(), name=poller.name))

    async def _stop(self, wanted: Mapping[str, Query]) -> None:
        """End what is not wanted as it is; a query under way is cancelled on its server."""
        ending = [one for one in self._running.values() if wanted.get(one.query.name) != one.query]
        for one in ending:
            one.task.cancel()
        if ending:
            await asyncio.wait([one.task for one in ending])
        for one in ending:
            del self._running[one.query.name]
            if one.query.name not in wanted:
                self._telemetry.forget(EXPORTER, _source(one.query.name))


def pace_of(query: Query) -> Pace:
    """Return the pace of a query; its values stay while the next run takes all its time."""
    pace = Pace.every(query.interval, query.deadline)
    return replace(pace, max_age=pace.max_age + query.deadline)


def _source(name: str) -> str:
    return f"query:{name}"
