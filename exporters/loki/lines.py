"""Lines of our own making, such as one for each deploy: for callers who cannot wait."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from time import time_ns
from types import TracebackType
from typing import Self

from exporters.loki.metrics import LokiMetrics
from exporters.loki.model import Entry, Stream
from exporters.loki.sink import Accepts

OVERFLOW = "events_full"
"""Why such a line never reached Loki: too many waited for the disk."""

_STREAM = "event"
_LONGEST = 1000
_DRAIN = 1.0


class Lines:
    """Takes lines at once and hands them to the sink; opened after it, and closed before."""

    name = "loki/lines"

    def __init__(
        self,
        sink: Accepts,
        metrics: LokiMetrics,
        host: str,
        clock: Callable[[], int] = time_ns,
    ) -> None:
        """`host` is the machine, as the label of that name has it."""
        self._sink, self._metrics, self._host, self._clock = sink, metrics, host, clock
        self._waiting: deque[Entry] = deque()
        self._more = asyncio.Event()
        metrics.introduce(OVERFLOW)

    def accept(self, service: str, stack: str, line: str, metadata: Mapping[str, str]) -> None:
        """Take a line of this moment; over a thousand that wait, it is dropped and counted."""
        if len(self._waiting) >= _LONGEST:
            self._metrics.dropped.inc((OVERFLOW,))
            return
        stream = Stream(service, stack, self._host, _STREAM)
        self._waiting.append(Entry(stream, self._clock(), line, tuple(metadata.items())))
        self._more.set()

    async def run(self) -> None:
        """Hand over what comes, until cancelled."""
        while await self._more.wait():
            self._more.clear()
            await self._hand_over()

    async def _hand_over(self) -> None:
        while self._waiting:
            await self._sink.append([self._waiting[0]])
            self._waiting.popleft()

    async def __aenter__(self) -> Self:
        """Open nothing: the sink is open already."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hand over what services said last of all."""
        try:
            async with asyncio.timeout(_DRAIN):
                await self._hand_over()
        except TimeoutError:
            self._metrics.dropped.inc((OVERFLOW,), len(self._waiting))
