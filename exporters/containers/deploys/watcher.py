"""The watch over deploys: look, track, hand on."""

import asyncio
from collections.abc import Callable, Mapping
from time import time
from typing import Protocol

from exporters.containers.deploys.images import Release
from exporters.containers.deploys.journal import Journal
from exporters.containers.deploys.metrics import DeployMetrics
from exporters.containers.deploys.model import Look
from exporters.containers.deploys.tracker import Tracker
from exporters.core.database import Database
from exporters.core.errors import SourceError
from exporters.core.poller import Pace, Poller
from exporters.core.telemetry import Telemetry
from exporters.docker.model import Container, Event
from exporters.ledger.deploys import latest

_BUSY = 2.0
"""Seconds between two looks while a deploy is under way."""

_BREATH = 0.5
"""Seconds after a container's change until we look: changes come in groups."""

_REMEMBER = 5.0
"""Seconds that the ledger gets, at the start, to tell what ran before."""


class Reads(Protocol):
    """Something that looks at every service."""

    async def read(self) -> tuple[Look, ...]:
        """Look once. Raises SourceError."""


class Watcher:
    """Turns looks into notes, and shows what runs; `poller` is its service and its source.

    An observer of the inventory, so that what happens to containers is looked at soon.
    """

    def __init__(
        self,
        source: Reads,
        tracker: Tracker,
        metrics: DeployMetrics,
        journal: Journal,
        ledger: Database,
        telemetry: Telemetry,
        interval: float,
        clock: Callable[[], float] = time,
    ) -> None:
        self._source = source
        self._tracker = tracker
        self._metrics = metrics
        self._journal = journal
        self._ledger = ledger
        self._clock = clock
        self._changed = asyncio.Event()
        self._remembered = False
        pace = Pace.every(interval, deadline=20.0)
        self.poller = Poller("deploys", "engine", self.look, pace, telemetry, sleep=self._nap)

    def changed(self, before: Container | None, after: Container | None) -> None:
        """Look soon, since a container came, went or is another now."""
        if (
            before is None
            or after is None
            or before.state != after.state
            or before.health != after.health
        ):
            self._changed.set()

    def happened(self, event: Event) -> None:
        """An event alone is nothing: its change follows."""

    def looks(self) -> tuple[Look, ...] | None:
        """The latest look at every service, None where it is too old to be true."""
        return self.poller.snapshot

    async def look(self) -> tuple[Look, ...]:
        """Look once at every service and hand on what is new. Raises SourceError."""
        if not self._remembered:
            self._remembered = True
            self._tracker.remember(await self._known())
        looks = await self._source.read()
        for news in self._tracker.observe(looks, self._clock()):
            self._metrics.introduce(news.service)
            self._journal.accept(news)
        self._metrics.current(self._tracker.current())
        return looks

    async def _known(self) -> Mapping[str, Release]:
        """What services ran when somebody last looked; nothing where the ledger is away."""
        try:
            async with asyncio.timeout(_REMEMBER):
                rows = await latest(self._ledger)
        except (SourceError, TimeoutError):
            return {}
        return {key: Release(row.image, row.digest, row.version) for key, row in rows.items()}

    async def _nap(self, seconds: float) -> None:
        """Sleep until the next look: shorter in a deploy, and until a container changes."""
        limit = min(seconds, _BUSY) if self._tracker.busy else seconds
        try:
            async with asyncio.timeout(limit):
                await self._changed.wait()
            await asyncio.sleep(min(_BREATH, limit))
        except TimeoutError:
            pass
        self._changed.clear()
