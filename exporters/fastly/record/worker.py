"""The worker: takes segments from the spool, records them, and lets the spool forget them."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from exporters.core.backoff import Backoff
from exporters.core.errors import SourceError
from exporters.core.exporter import Health
from exporters.core.telemetry import Telemetry
from exporters.fastly.measure import MeasureError
from exporters.fastly.quarantine import Quarantine
from exporters.fastly.record.metrics import StreamMetrics
from exporters.fastly.record.recorder import Recorded, Recorder
from exporters.fastly.requests.model import Told
from exporters.fastly.segment import Segment, Source

log = logging.getLogger(__name__)

_NAMES = ("fastly", "ledger")
TIDY = 60.0
"""Seconds between two looks for days that can be closed and for batches to forget."""


class Segments(Protocol):
    """Where segments come from: the spool, or a topic of Kafka one day."""

    async def oldest(self, count: int = 1, besides: Collection[str] = ()) -> Sequence[Segment]:
        """Return the oldest sealed segments, at most `count`; wait until there is one.

        Those with the ids `besides` are left out.
        """

    async def release(self, segment: Segment) -> None:
        """Forget a segment that is recorded."""


OnRepeated = Callable[[Source, int], None]
"""Told how many batches of a source were left out, because they had been counted."""
OnTold = Callable[[Told], None]
"""Given requests worth reading of what was counted; it must not wait."""


def tell_nobody(_: Told) -> None:
    """Leave requests untold: no Loki is configured."""


class Worker:
    """A service that records segments, as many at a time as it has recorders.

    Measuring and writing take different processors, so that two segments at a time keep two busy.
    A recorder that is free takes the next one, however long another is at work. What fails is
    tried again, with backoff, and nothing behind it is lost: it waits in the spool.
    """

    name = "fastly/ledger"

    def __init__(
        self,
        segments: Segments,
        recorders: Sequence[Recorder],
        metrics: StreamMetrics,
        quarantine: Quarantine,
        on_repeated: OnRepeated,
        telemetry: Telemetry,
        *,
        on_told: OnTold = tell_nobody,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._segments = segments
        self._recorders = recorders
        self._ledger = recorders[0].ledger
        self._metrics = metrics
        self._quarantine = quarantine
        self._on_repeated, self._on_told = on_repeated, on_told
        self._telemetry = telemetry
        self._sleep = sleep
        self._backoff = Backoff(limit=15.0)
        self._at_work: set[str] = set()
        self._failures: Counter[str] = Counter()
        self._reason = ""
        telemetry.introduce(*_NAMES)

    def health(self) -> Health:
        """Return whether lines reach the ledger."""
        return Health(_NAMES[1], not self._failures, self._reason)

    async def run(self) -> None:
        """Record segments until cancelled. Raises StartError where the ledger cannot be used."""
        while not await self._try("", self._ledger.prepare()):
            pass
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tidy())
            for recorder in self._recorders:
                group.create_task(self._work(recorder))

    async def _work(self, recorder: Recorder) -> None:
        """Record the oldest segment that no other recorder has, again and again."""
        while True:
            (segment,) = await self._segments.oldest(besides=self._at_work)
            self._at_work.add(segment.id)
            try:
                await self._try(segment.id, self._record(recorder, segment))
            finally:
                self._at_work.remove(segment.id)

    async def _record(self, recorder: Recorder, segment: Segment) -> None:
        recorded = await recorder.record(segment)
        await self._tell(segment.source, recorded)
        await self._segments.release(segment)

    async def _tell(self, source: Source, recorded: Recorded) -> None:
        """Add what a segment came to; nobody asks again, so it is not left half-way."""
        self._metrics.add(source, recorded)
        self._on_repeated(source, recorded.repeated)
        for told in recorded.told:
            self._on_told(told)
        for reason, lines in recorded.rejected.items():
            self._quarantine.count(source, reason, lines)
        await self._quarantine.keep(source, recorded.rejects)

    async def _try(self, what: str, work: Coroutine[Any, Any, None]) -> bool:
        """Do something, or wait and return False where it failed as it may."""
        try:
            with self._telemetry.poll(*_NAMES):
                await work
        except (SourceError, MeasureError, OSError) as error:
            self._failed(what, error)
            await self._sleep(self._backoff.delay(self._failures[what]))
            return False
        if (failures := self._failures.pop(what, 0)) and not self._failures:
            log.info("lines reach the ledger again after %d failures", failures)
            self._reason = ""
        return True

    def _failed(self, what: str, error: Exception) -> None:
        if isinstance(error, OSError):
            self._reason = f"disk: {(error.strerror or 'not possible').lower()}"
        else:
            self._reason = str(error)
        if not self._failures:
            log.warning("lines wait in the spool, and are tried again: %s", self._reason)
        self._failures[what] += 1

    async def _tidy(self) -> None:
        while True:
            await self._sleep(TIDY)
            try:
                closed = await self._ledger.tidy(datetime.now(UTC))
            except SourceError as error:
                log.debug("days are not closed: %s", error)
            else:
                for day in closed:
                    log.info("%s is closed: its key and its listeners are gone", day)
