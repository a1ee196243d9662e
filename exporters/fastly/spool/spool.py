"""The spool's face to the event loop: batches in, segments out, one sync for many batches."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from time import monotonic, time
from typing import Self

from exporters.core.errors import StartError
from exporters.core.exporter import Health
from exporters.fastly.receive_refusals import DiskFailed, NoRoom
from exporters.fastly.segment import Segment
from exporters.fastly.spool.files import disk_failed
from exporters.fastly.spool.folder import held
from exporters.fastly.spool.lane import Arrival, Kind, adopt
from exporters.fastly.spool.lanes import Committed, Lanes
from exporters.fastly.spool.parts import Memory, Part
from exporters.fastly.spool.recent import Recent
from exporters.fastly.spool.recovery import recover
from exporters.fastly.spool.release import remove
from exporters.fastly.spool.stock import Stock, Waiting

_ENOUGH = 4
"""A segment that holds this part of its full size is worth reading, and a batch a segment."""
_Queued = tuple[Arrival, asyncio.Future[None]]


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """How much a spool holds, and when its segments are closed."""

    quota: int
    """Bytes of lines."""
    segment_size: int
    """Bytes of lines; a batch of a quarter of it becomes a segment of its own."""
    segment_age: float
    """Seconds after which a segment is closed when the reader waits for one; a quarter of its size
    is enough for that too."""


class Settled(Enum):
    """How a batch came to be safe."""

    STORED = "stored"
    REPEATED = "repeated"
    """It is in the spool already, or was a short while ago, and is not stored again."""


class Spool:
    """Holds batches from the sync that makes them safe until the reader releases their segment.

    A resource, which recovers what a crash has left when it is entered, and a service, without
    which nothing is stored. The clock counts seconds and never jumps.
    """

    name = "spool"

    def __init__(
        self,
        folder: Path,
        limits: SpoolLimits,
        *,
        archive: Path | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.folder = folder
        self.stock = Stock(clock)
        self._limits, self._archive, self._clock = limits, archive, clock
        self._enough = limits.segment_size // _ENOUGH
        self._lanes = Lanes(folder, limits.segment_size, clock)
        self._recent = Recent(clock)
        self._memory = Memory()
        self._queue: deque[_Queued] = deque()
        self._ripe: set[Kind] = set()
        self._work, self._changed = asyncio.Event(), asyncio.Event()
        self._problem = ""
        self._stack = ExitStack()

    async def __aenter__(self) -> Self:
        """Take the folder and recover what is in it; StartError where that cannot be."""
        with ExitStack() as stack:
            stack.enter_context(held(self.folder))
            found = await asyncio.to_thread(self._recover)
            self._thread = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="spool"))
            self._stack = stack.pop_all()
        now, today = self._clock(), time()
        for segment, written in found:
            self.stock.seal(Waiting(segment, now - max(0.0, today - written)))
            for batch in segment.batches:
                self._recent.add(batch.digest)
        return self

    def _recover(self) -> list[tuple[Segment, float]]:
        try:
            return recover(self.folder)
        except OSError as error:
            reason = (error.strerror or "not possible").lower()
            raise StartError(f"spool: cannot read the folder {self.folder}: {reason}") from error

    async def __aexit__(self, *_: object) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._lanes.close)
        await asyncio.to_thread(self._stack.close)

    @contextmanager
    def part(self) -> Iterator[Part]:
        """Give a part for one batch; in the end it is gone, unless `store` has taken it."""
        part = Part(self.folder, self._memory)
        self.stock.parts.add(part)
        try:
            yield part
        except DiskFailed as error:
            self._problem = str(error)
            raise
        finally:
            if not part.taken:
                self._drop(part)

    def check_room(self) -> None:
        """Raise NoRoom where the quota is passed, parts that are still being received included."""
        if self.stock.size > self._limits.quota:
            raise NoRoom("the spool is full")

    async def store(self, arrival: Arrival) -> Settled:
        """Return when a batch is safe, or raise NoRoom; either way its part is taken.

        A batch with the digest of one that is stored already, or is just being stored, is not
        stored again.
        """
        if arrival.digest in self._recent:
            return Settled.REPEATED
        if earlier := self._recent.storing(arrival.digest):
            await asyncio.shield(earlier)
            return Settled.REPEATED
        self.check_room()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._recent.begin(arrival.digest, done)
        arrival.part.taken = True
        self._enqueue(arrival, done)
        # Whoever waits may be cancelled; the batch is stored all the same, for whoever repeats it.
        await asyncio.shield(done)
        return Settled.STORED

    def _enqueue(self, arrival: Arrival, done: asyncio.Future[None]) -> None:
        if arrival.part.size < self._enough:
            self._queue.append((arrival, done))
            self._work.set()
            return
        loop = asyncio.get_running_loop()
        adopted = loop.run_in_executor(None, adopt, self.folder, arrival)
        adopted.add_done_callback(lambda made: self._adopted(arrival, done, made))

    def _adopted(
        self, arrival: Arrival, done: asyncio.Future[None], made: asyncio.Future[Segment]
    ) -> None:
        self._drop(arrival.part)
        error = made.exception()
        if error is None:
            self.stock.seal(Waiting(made.result(), self._clock()))
            self._finish(arrival, done, None)
        else:
            self._finish(arrival, done, disk_failed(error) if isinstance(error, OSError) else error)
        self._changed.set()

    async def run(self) -> None:
        """Store what is queued, all that has come meanwhile with one sync, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._work.wait()
            self._work.clear()
            group = self._next_group()
            ripe, self._ripe = self._ripe, set()
            arrivals = [arrival for arrival, _ in group]
            turn = loop.run_in_executor(self._thread, self._lanes.turn, arrivals, ripe)
            self._settle(group, await turn)

    def _next_group(self) -> list[_Queued]:
        """Take from the queue what one sync shall make safe: at most about a segment."""
        group: list[_Queued] = []
        size = 0
        while self._queue and size < self._limits.segment_size:
            group.append(self._queue.popleft())
            size += group[-1][0].part.size
        if self._queue:
            self._work.set()
        return group

    def _settle(self, group: Sequence[_Queued], committed: Committed) -> None:
        self.stock.filling = committed.filling
        for waiting in committed.sealed:
            self.stock.seal(waiting)
        for (arrival, done), outcome in zip(group, committed.outcome, strict=True):
            self.stock.parts.discard(arrival.part)
            self._finish(arrival, done, outcome if isinstance(outcome, NoRoom) else None)
        self._changed.set()

    def _finish(
        self, arrival: Arrival, done: asyncio.Future[None], error: BaseException | None
    ) -> None:
        if error is None:
            self._recent.add(arrival.digest)
            done.set_result(None)
        else:
            done.set_exception(error)
        self._problem = str(error) if error else ""

    def _drop(self, part: Part) -> None:
        part.close()
        self.stock.parts.discard(part)

    async def oldest(self, count: int = 1, besides: Collection[str] = ()) -> tuple[Segment, ...]:
        """Return the oldest sealed segments, at most `count`; wait until there is one.

        Those with the ids `besides` are left out, also of such as are there while it waits. They
        stay until they are released. Waiting seals what is older than `segment_age`, or large
        enough to be worth the reader's while: so a flood finds no reader idle.
        """
        while not (sealed := tuple(s for s in self.stock.sealed if s.id not in besides)):
            self._changed.clear()
            ripe, seconds = self.stock.ripe(self._limits.segment_age, self._enough)
            if ripe:
                self._ripe |= ripe
                self._work.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
        return sealed[:count]

    async def release(self, segment: Segment) -> None:
        """Delete a segment that the ledger has counted, or move its lines to the archive.

        Raises DiskFailed where that cannot be; it may be tried again.
        """
        try:
            await asyncio.to_thread(remove, segment, self._archive)
        except OSError as error:
            raise disk_failed(error) from error
        self.stock.release(segment)

    def health(self) -> Health:
        """Return whether batches can be stored."""
        full = self.stock.size >= self._limits.quota
        reason = self._problem or ("its quota is reached" if full else "")
        return Health(self.name, not reason, reason)
