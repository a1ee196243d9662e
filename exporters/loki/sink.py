"""The sink: log entries in, with the cursors of their callers; out to Loki, each exactly once.

    append → encode → gather (size, age) → compress, write, one sync → answer the caller
                                                       │
                                                     queue → push → settled: gone

Two tasks of the context's own, so that they outlive the services: what those append while they
stop is on disk, and mostly at Loki, when the process ends. Files belong to a thread of their own.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from time import time
from typing import Protocol, Self, TypeVar

from exporters.core.backoff import Backoff
from exporters.core.errors import SourceUnavailable
from exporters.core.exporter import Health
from exporters.loki.courier import Courier, Delivered, Gone
from exporters.loki.encoding import PROTOBUF, Encoding
from exporters.loki.gathering import Gathering, Lot, cut
from exporters.loki.limits import Limits, Refusal, fit
from exporters.loki.metrics import LokiMetrics
from exporters.loki.model import NOWHERE, Cursors, Encoded, Entry, weights
from exporters.loki.queue import Batch, Queue
from exporters.loki.records import Record
from exporters.loki.refused import RefusedLines

log = logging.getLogger(__name__)
T = TypeVar("T")

_NS = 1_000_000_000


class Accepts(Protocol):
    """Somewhere to hand log entries to."""

    async def append(self, entries: Sequence[Entry], cursors: Cursors = NOWHERE) -> None:
        """Return when the entries, and the cursors with them, outlive a crash."""

    async def put(self, entries: Sequence[Entry], cursors: Cursors = NOWHERE) -> None:
        """Return when the entries are taken into memory: for callers who can bring them again."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How the sink behaves; seconds and bytes."""

    encoding: Encoding = PROTOBUF
    batch_size: int = 1024 * 1024
    batch_age: float = 1.0
    limits: Limits = field(default_factory=Limits)
    drain: float = 2.0
    """What the end of the process leaves for pushing; the rest is pushed at the next start."""
    backoff: Backoff = field(default_factory=lambda: Backoff(initial=0.5, limit=30.0))
    """After a write that the disk did not take."""


class Sink:
    """Takes entries of anybody; opened and closed with the process, a service, a source."""

    name = "loki/sink"

    def __init__(
        self,
        queue: Queue,
        courier: Courier,
        metrics: LokiMetrics,
        manners: Manners = Manners(),
        refused: RefusedLines | None = None,
        clock: Callable[[], float] = time,
    ) -> None:
        self._queue, self._courier, self._metrics = queue, courier, metrics
        self._manners, self._refused, self._clock = manners, refused, clock
        self._gathering = Gathering(manners.batch_size, manners.batch_age)
        self._stored, self._finished = asyncio.Event(), asyncio.Event()
        self._thread: ThreadPoolExecutor | None = None
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._durable: Mapping[str, str] = {}
        self._damaged = 0
        self._disk = ""

    async def append(self, entries: Sequence[Entry], cursors: Cursors = NOWHERE) -> None:
        """Return when the entries, and the cursors with them, outlive a crash.

        That takes up to `batch_age`, since many share one sync. The entries of one call and its
        cursors are safe together or not at all. Where the disk takes nothing, this waits.
        """
        # Whoever waits may be cancelled; the others of the batch are not.
        await asyncio.shield(await self._add(entries, cursors))

    async def put(self, entries: Sequence[Entry], cursors: Cursors = NOWHERE) -> None:
        """Return as soon as there is room in memory: for callers who begin again at `cursors`."""
        await self._add(entries, cursors)

    def cursors(self) -> Mapping[str, str]:
        """Return the cursors that a restart would find, whether Loki has their lines or not."""
        return self._durable

    def health(self) -> Health:
        """Return what keeps lines here. That Loki is away is no reason for not being ready."""
        reason = self._disk or self._courier.problem
        return Health("loki", fresh=not self._disk, reason=reason)

    async def _add(self, entries: Sequence[Entry], cursors: Cursors) -> asyncio.Future[None]:
        if self._gathering.closed or not self._thread:
            raise SourceUnavailable("the queue of log lines is closed")
        return await self._gathering.add(self._lot(entries, cursors))

    def _lot(self, entries: Sequence[Entry], cursors: Cursors) -> Lot:
        """Encode entries at once: later, in another thread, they would be in no cache any more."""
        manners = self._manners
        kept, refused = fit(entries, manners.limits, self._clock())
        pieces = cut(kept, weights(kept), manners.batch_size // 2)
        parts = [*chain.from_iterable(map(manners.encoding.parts, pieces))]
        return Lot(parts, cursors, refused)

    async def __aenter__(self) -> Self:
        """Open the queue and begin to push; StartError where its folder is of no use."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="loki")
        try:
            await asyncio.get_running_loop().run_in_executor(thread, self._queue.open)
        except BaseException:  # cancelled too: __aexit__ is not called then
            thread.shutdown(wait=False)
            raise
        self._thread, self._durable = thread, self._queue.cursors
        self._tasks = (
            asyncio.create_task(self._write(), name="loki/write"),
            asyncio.create_task(self._push(), name="loki/push"),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what was handed over, push for a moment, leave the rest in the queue."""
        self._gathering.close()
        try:
            if self._courier.problem:
                await asyncio.wait(self._tasks[:1], timeout=self._manners.drain)
            else:
                await asyncio.wait(self._tasks, timeout=self._manners.drain)
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)
        finally:
            await self._in_thread(self._queue.close)
            if self._thread:
                self._thread.shutdown()
            self._thread = None

    async def run(self) -> None:
        """Wait until cancelled, or raise the error that ended the work."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()

    async def _in_thread(self, do: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, do)

    async def _write(self) -> None:
        try:
            while batch := await self._gathering.take():
                lots, done = batch
                try:
                    await self._store(lots)
                    done.set_result(None)
                finally:
                    done.cancel()  # where it is done, this does nothing
        finally:
            self._finished.set()
            self._stored.set()

    async def _store(self, lots: Sequence[Lot]) -> None:
        """Make lots safe, however long the disk takes to get well again."""
        failures = 0
        while True:
            try:
                dropped = await self._in_thread(lambda: self._commit(lots))
                break
            except OSError as error:
                failures += 1
                self._disk = (error.strerror or "the disk fails").lower()
                if failures == 1:
                    log.error("log lines cannot be written to the queue: %s", self._disk)  # noqa: TRY400
            await asyncio.sleep(self._manners.backoff.delay(failures))
        if failures:
            log.info("log lines can be written to the queue again")
        self._disk, self._durable = "", self._queue.cursors
        self._metrics.dropped.inc(("queue_full",), dropped)
        await self._drop([*chain.from_iterable(lot.refused for lot in lots)])
        self._show()
        self._stored.set()

    def _commit(self, lots: Sequence[Lot]) -> int:
        """Return how many old entries had to make room."""
        parts = [*chain.from_iterable(lot.parts for lot in lots)]
        cursors: dict[str, str | None] = {}
        for lot in lots:
            cursors |= lot.cursors
        sizes = [len(part.data) for part in parts]
        batches = [*map(self._batch, cut(parts, sizes, self._manners.batch_size))]
        return self._queue.append(batches, cursors) if batches or cursors else 0

    def _batch(self, parts: Sequence[Encoded]) -> Batch:
        encoding = self._manners.encoding
        entries, oldest = sum(part.entries for part in parts), min(part.oldest for part in parts)
        return Batch(entries, oldest, encoding.name, encoding.body(parts))

    async def _push(self) -> None:
        while True:
            self._stored.clear()
            finished = self._finished.is_set()
            record = await self._in_thread(self._queue.take)
            self._show()
            if record:
                await self._deliver(record)
            elif finished:
                return
            else:
                await self._stored.wait()

    async def _deliver(self, record: Record) -> None:
        try:
            delivered = await self._courier.deliver(record, lambda: self._queue.holds(record))
        except Gone:
            self._metrics.dropped.inc(("queue_full",), record.entries)
            return
        await self._in_thread(lambda: self._queue.settle(record))
        await self._count(record, delivered)

    async def _count(self, record: Record, delivered: Delivered) -> None:
        self._metrics.sent.inc((), delivered.taken)
        if delivered.taken:
            self._metrics.lag.observe((), max(0.0, self._clock() - record.oldest / _NS))
        await self._drop(delivered.refused)

    async def _drop(self, refused: Sequence[Refusal]) -> None:
        if not refused:
            return
        self._metrics.dropped.add_many(((refusal.reason,), 1.0) for refusal in refused)
        if kept := self._refused:
            try:
                await self._in_thread(lambda: kept.keep(refused))
            except OSError as error:
                log.warning("refused log lines cannot be kept: %s", error.strerror)

    def _show(self) -> None:
        self._metrics.queue.set((), self._queue.size)
        if self._queue.damaged > self._damaged:
            self._metrics.dropped.inc(("damaged",), self._queue.damaged - self._damaged)
            self._damaged = self._queue.damaged
            log.error("a file of the log queue cannot be read further: its lines are lost")
