"""Lines for whose storing nobody waits: gathered for a moment, then stored as one batch."""

import asyncio
import logging
from contextlib import suppress

from exporters.fastly.bodies import TooLong
from exporters.fastly.quarantine import Quarantine
from exporters.fastly.receive.metrics import ReceiveMetrics
from exporters.fastly.receive_refusals import NoRoom
from exporters.fastly.spool import Arrival, Kind, Spool

log = logging.getLogger(__name__)

DELAY = 0.1
"""Seconds that lines are gathered."""
AGAIN = 0.5
"""Seconds between two attempts, while the spool takes nothing."""

_ENOUGH = 512 * 1024


class Gatherer:
    """A service that stores what has been added. Whoever adds too much has to wait."""

    name = "syslog gatherer"

    def __init__(
        self,
        kind: Kind,
        spool: Spool,
        quarantine: Quarantine,
        metrics: ReceiveMetrics,
        *,
        again: float = AGAIN,
    ) -> None:
        self._kind = kind
        self._spool, self._quarantine, self._metrics = spool, quarantine, metrics
        self._again = again
        self._blocks: list[bytes] = []
        self._size = self._lines = 0
        self._some, self._enough, self._taken = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._storing = asyncio.Lock()
        self.stalled = False
        """Whether the spool takes nothing."""

    async def add(self, block: bytes, lines: int, too_long: TooLong) -> None:
        """Add a block of clean lines; wait first where there are many that are not stored."""
        await self._quarantine.too_long(self._kind.source, too_long)
        while self._size >= _ENOUGH:
            self._taken.clear()
            await self._taken.wait()
        if lines:
            self._blocks.append(block)
            self._size += len(block)
            self._lines += lines
            self._some.set()
            if self._size >= _ENOUGH:
                self._enough.set()

    async def run(self) -> None:
        """Store what has been added, soon after it was added, until cancelled."""
        while True:
            await self._some.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(DELAY):
                    await self._enough.wait()
            await self.flush()

    async def flush(self) -> None:
        """Return when all that has been added is safe."""
        async with self._storing:
            blocks, lines = self._blocks, self._lines
            self._blocks, self._size, self._lines = [], 0, 0
            for event in (self._some, self._enough):
                event.clear()
            self._taken.set()
            if lines:
                await self._store(b"".join(blocks), lines)

    async def _store(self, block: bytes, lines: int) -> None:
        while True:
            try:
                with self._spool.part() as part:
                    part.write(block)
                    await self._spool.store(Arrival(part, "", lines, self._kind))
            except NoRoom as error:
                if not self.stalled:
                    log.warning("syslog is not read until the spool takes lines: %s", error)
                self.stalled = True
                await asyncio.sleep(self._again)
            else:
                self.stalled = False
                self._metrics.batches.inc((self._kind.source,))
                return
