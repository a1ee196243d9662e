"""Follows the log of one container, from its cursor on, until the container is gone.

    open at the cursor → read → hand over with the cursor → … end: does it run? again : wait

The log ends when the container stops, when the engine restarts or rotates a file, and it may break
off anywhere: each time it is opened again at the last line that was handed over.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from time import time_ns
from urllib.parse import quote

from aiohttp import StreamReader

from exporters.core.backoff import Backoff
from exporters.core.errors import SourceError, SourceMismatch, SourceUnavailable
from exporters.core.exposition import ValueFamily
from exporters.core.telemetry import Telemetry
from exporters.docker import DockerClient
from exporters.logs.convoy import Convoy
from exporters.logs.cursor import Positions
from exporters.logs.model import Reader
from exporters.logs.reading import SPAN, Lot, Reading, Work
from exporters.loki import Accepts

EXPORTER, SOURCE = "logs", "containers"

_SILENT = 300.0
"""Seconds without a line after which the log is opened anew: the engine may have gone unnoticed."""
_QUIET = 2.0
"""Seconds without a line after which there is nothing older to come."""
_LOOK = 10.0
"""Seconds without a line after which a container is looked at: the log of a stopped one has ended,
even where the engine does not say so."""
_GRACE = 0.1
_SOON = 0.05
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Means:
    """What every follower needs."""

    client: DockerClient
    sink: Accepts
    convoy: Convoy
    telemetry: Telemetry
    followed: ValueFamily
    """How many logs are read."""
    readers: Iterable[Reader] = ()
    oldest: float = 7 * 86400.0
    """Seconds; what is older Loki would refuse."""
    backoff: Backoff = field(default_factory=lambda: Backoff(initial=0.2, limit=5.0))
    clock: Callable[[], int] = time_ns


class Follower:
    """One container's. The lines themselves are the `Reading`'s affair."""

    def __init__(self, key: str, work: Work, cursor: str | None, means: Means) -> None:
        """`key` is the container's id; `cursor` what `cursor_key` had in the sink."""
        self.key, self.work = key, work
        self._means = means
        self._positions = self._first(cursor)
        self._again = asyncio.Event()
        self.running = False
        """Whether the container has processes, as last heard."""
        self.gone = False
        """Whether it was removed."""
        self.problem = ""

    def _first(self, cursor: str | None) -> Positions:
        try:
            return Positions.parse(cursor or "")
        except ValueError:
            oldest = self._means.clock() - int(self._means.oldest * 1e9)
            return Positions.at(max(0, oldest))

    def heard(self, *, running: bool, gone: bool = False) -> None:
        """Tell it what became of its container."""
        self.running, self.gone = running, gone
        self._again.set()

    async def run(self) -> None:
        """Return when the container is gone, and its last words have been handed over."""
        failures = 0
        while True:
            self._again.clear()
            running = self.running
            try:
                await self._read()
                failures, self.problem = 0, ""
            except SourceError as error:
                failures, self.problem = failures + 1, f"{error.reason}: {error}"
                # The engine has to say it as well: to forget how far it was read takes certainty.
                if self.gone and isinstance(error, SourceMismatch):
                    break
            await self._pause(failures, running or self.gone)
        await self._means.sink.put((), {cursor_key(self.key): None})

    async def _pause(self, failures: int, running: bool) -> None:
        """Wait until it is worth reading again."""
        if not failures and not running:
            await self._again.wait()
            return
        try:
            async with asyncio.timeout(self._means.backoff.delay(max(1, failures))):
                await self._again.wait()
        except TimeoutError:
            return
        await asyncio.sleep(_SOON)  # events come in swarms

    async def _read(self) -> None:
        """Read to the end of the log: where it is now, or when the container stops."""
        means, since = self._means, self._positions.since
        params = {"follow": "1", "stdout": "1", "stderr": "1", "timestamps": "1"}
        if since:
            params["since"] = f"{since // _NS}.{since % _NS:09d}"
        if since < means.clock() - SPAN:
            means.convoy.join(self._group, self, since)
        try:
            async with AsyncExitStack() as stack:
                with means.telemetry.poll(EXPORTER, SOURCE):
                    stream = means.client.stream(f"/containers/{quote(self.key)}/logs", params)
                    body = await stack.enter_async_context(stream)
                means.followed.inc((), 1)
                stack.callback(means.followed.inc, (), -1)
                self.problem = ""
                await self._follow(body, Reading(self.work, self._positions))
        finally:
            self._leave()

    async def _follow(self, body: StreamReader, reading: Reading) -> None:
        silent = 0.0
        while True:
            patience = self._patience(reading)
            try:
                async with asyncio.timeout(patience):
                    data = await body.readany()
                silent = 0.0
            except TimeoutError:
                silent += patience
                if reading.held:
                    await self._hand_over(reading.flush())
                elif self._behind:
                    self._leave()
                elif silent >= _SILENT or not self.running:
                    return
                continue
            if not data:
                await self._hand_over(reading.flush())
                return
            await self._hand_over(reading.feed(data))
            if reading.complaint:
                raise SourceUnavailable("the Docker engine could not read on in a log")

    def _patience(self, reading: Reading) -> float:
        if reading.held:
            return self.work.rules.wait + _GRACE
        return _QUIET if self._behind else _LOOK

    async def _hand_over(self, lots: Iterable[Lot]) -> None:
        means = self._means
        for lot in lots:
            await means.convoy.turn(self._group, self, lot.newest)
            await means.sink.put(lot.edited.entries, {cursor_key(self.key): lot.cursor})
            for reader in means.readers:
                reader.read(lot.edited.lines)
            if lot.newest > means.clock() - SPAN:
                self._leave()

    @property
    def _group(self) -> tuple[str, str]:
        return self.work.origin.service, self.work.origin.stack

    @property
    def _behind(self) -> bool:
        return self._means.convoy.waits_for(self._group, self)

    def _leave(self) -> None:
        self._means.convoy.leave(self._group, self)


def cursor_key(key: str) -> str:
    """Return under which key the sink keeps how far a container's log was read."""
    return f"container/{key}"
