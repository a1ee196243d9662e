"""Writes what was counted to the ledger, in the background: each batch counts once."""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Self

from exporters.core.database import Database
from exporters.core.errors import SourceError
from exporters.core.snapshot import Sheet
from exporters.ledger.exceptions import ExceptionCount, Newest, add, newest, settle_versions
from exporters.logs.exceptions.metrics import NEWEST, SINCE_DEPLOY, ExceptionMetrics
from exporters.logs.exceptions.tally import Tally

INTERVAL = 5.0
"""Seconds between two writes."""
_LOOK = 60.0
"""Seconds between two looks at what others wrote, deploys among it."""
_LAST = 3.0
"""Seconds that the last write may take when the process ends."""


class Book:
    """Takes the tally to the ledger; `write` is what a poller calls.

    `writer` names this process and no other, so that a batch whose answer was lost is known by the
    ledger when it comes again. It is a resource: left when nothing is counted any more, it writes
    what waits, or counts it as unrecorded.
    """

    def __init__(
        self,
        ledger: Database,
        tally: Tally,
        metrics: ExceptionMetrics,
        writer: str,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._ledger = ledger
        self._tally = tally
        self._metrics = metrics
        self._writer = writer
        self._clock = clock
        self._batch: list[ExceptionCount] = []
        self._number = 0
        self._sheet: Sheet = {}
        self._looked_at: float | None = None
        self._told_lost = 0

    async def __aenter__(self) -> Self:
        """Open nothing: a ledger that is away stops no start."""
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            async with asyncio.timeout(_LAST):
                while self._batch or len(self._tally):
                    await self._write_batch()
        except (SourceError, TimeoutError):
            waiting = (*self._batch, *self._tally.take())
            self._metrics.unrecorded.inc((), sum(each.count for each in waiting))

    async def write(self) -> Sheet:
        """Write what was counted; return what the ledger knows of each service.

        Raises SourceError; what could not be written is written the next time, and counted once.
        """
        self._tell_lost()
        if await self._write_batch():
            self._looked_at = None
        now = self._clock()
        if self._looked_at is None or now - self._looked_at >= _LOOK:
            await settle_versions(self._ledger)
            self._sheet = _sheet(await newest(self._ledger))
            self._looked_at = now
        return self._sheet

    async def _write_batch(self) -> bool:
        if not self._batch:
            self._batch = self._tally.take()
            self._number += 1
        if self._batch:
            await add(self._ledger, self._batch, self._writer, self._number)
            self._batch = []
            return True
        return False

    def _tell_lost(self) -> None:
        lost, self._told_lost = self._tally.lost - self._told_lost, self._tally.lost
        self._metrics.unrecorded.inc((), lost)


def _sheet(found: Sequence[Newest]) -> Sheet:
    services = [(each.service, each.stack) for each in found]
    return {
        NEWEST: [(s, n.first_seen.timestamp()) for s, n in zip(services, found, strict=True)],
        SINCE_DEPLOY: [(s, n.since_deploy) for s, n in zip(services, found, strict=True)],
    }
