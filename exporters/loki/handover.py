"""Entries of callers who cannot wait: held in memory, bounded, until the sink has room for them."""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Self

from exporters.loki.metrics import LokiMetrics
from exporters.loki.model import Entry
from exporters.loki.sink import Accepts

_LOT = 1000
_DRAIN = 1.0


class Handover:
    """Takes entries at once and hands them to the sink; opened after it, and closed before."""

    def __init__(
        self, name: str, sink: Accepts, metrics: LokiMetrics, most: int, overflow: str
    ) -> None:
        """Hold at most so many entries; what is over it is dropped, for the reason `overflow`."""
        self.name = name
        self._sink, self._metrics = sink, metrics
        self._most, self._overflow = most, overflow
        self._waiting: deque[Entry] = deque()
        self._more = asyncio.Event()
        metrics.introduce(overflow)

    def accept(self, entries: Sequence[Entry]) -> None:
        """Take entries, as many as there is room for."""
        room = self._most - len(self._waiting)
        self._waiting.extend(entries[:room])
        self._metrics.dropped.inc((self._overflow,), len(entries[room:]))
        self._more.set()

    async def run(self) -> None:
        """Hand over what comes, until cancelled."""
        while await self._more.wait():
            self._more.clear()
            await self._hand_over()

    async def _hand_over(self) -> None:
        while lot := list(islice(self._waiting, _LOT)):
            await self._sink.put(lot)
            for _ in lot:
                self._waiting.popleft()

    async def __aenter__(self) -> Self:
        """Open nothing: the sink is open already."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hand over what services said last of all."""
        try:
            async with asyncio.timeout(_DRAIN):
                await self._hand_over()
        except TimeoutError:
            self._metrics.dropped.inc((self._overflow,), len(self._waiting))
