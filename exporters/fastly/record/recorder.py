"""A segment from the disk into the ledger: measured, counted once, and told what it came to."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterator
from contextlib import aclosing, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeAlias, TypeVar

from exporters.core.errors import SourceUnavailable
from exporters.fastly.formats import Format
from exporters.fastly.measure import Measured, MeasureError, Measurer, Moment, Stream, Survey
from exporters.fastly.quarantine import Rejected
from exporters.fastly.record.pieces import kept, pieces
from exporters.fastly.requests.model import Told
from exporters.fastly.segment import Batch, Segment
from exporters.ledger import AlreadyRecorded, Archive, BatchesRepeated, Entry, Ledger, Overtaken
from exporters.ledger.model import Known

PIECE = 80 * 1024 * 1024
"""Bytes of lines that are measured at a time: what bounds memory, whatever the segment. One of 64
MiB fits with the batch that fills it: a second piece for the rest would cost a fifth of it."""
_SMALLEST_PIECE = 64 * 1024
_ATTEMPTS = 20
_OF_STREAM = frozenset(
    (
        *("elapsed_us", "elapsed_ms", "elapsed_s", "rtt_us", "retransmits"),
        *("host", "pop", "cache", "protocol", "http2", "error"),
    )
)
"""Facts that are for `cdn_*` alone: a backfill, which adds nothing to them, need not read them."""
_SOME = 1000
"""Rejected lines of a segment that are kept to look at."""

T = TypeVar("T")
_Chunk: TypeAlias = tuple[Survey, Known, Measured]


@dataclass(slots=True)
class Recorded:
    """What a segment came to."""

    lines: int = 0
    repeated: int = 0
    """Batches that were left out: they had been counted."""
    counted: frozenset[str] = frozenset()
    """Digests of the others, where they have one."""
    audio: bool = False
    """Whether any line is a request for a show's audio."""
    rejected: Counter[str] = field(default_factory=Counter)
    rejects: list[Rejected] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    """What its pieces add to `cdn_*`; none for a backfill, whose lines are history."""
    told: list[Told] = field(default_factory=list)
    """Requests worth reading of its pieces."""
    committed_at: datetime | None = None
    """None where the segment was in the ledger already: nothing of it counts again."""

    def add(self, survey: Survey, measured: Measured, *, backfill: bool) -> None:
        """Add what a piece came to."""
        self.lines += survey.lines
        self.audio |= bool(survey.visits)
        self.rejected.update(survey.rejected)
        if measured.closed:
            self.rejected["closed_day"] += measured.closed
        self.rejects += survey.rejects[: _SOME - len(self.rejects)]
        if not backfill:
            self.streams.append(measured.stream)
            self.told.append(measured.told)


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records segments, one at a time. `worker` gives a name that no other process has."""

    ledger: Ledger
    measurer: Measurer
    formats: Callable[[str], Format]
    """The format of a name, as segments have it."""
    scratch: Path
    worker: Callable[[], str]
    live_window: timedelta
    piece: int = PIECE
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def record(self, segment: Segment, archives: Collection[Archive] = ()) -> Recorded:
        """Count a segment, unless it was counted before; it may then be deleted.

        `archives` makes it a backfill: each of its batches is then an archived file, or a part of
        one, with the digest of its archive.

        Raises SourceError where the ledger cannot be asked, MeasureError and OSError where the
        segment cannot be read, and DayClosed for a backfill that would count lines twice. Nothing
        of it is counted then.
        """
        repeated: frozenset[str] = frozenset()
        piece = self.piece
        for _ in range(_ATTEMPTS):
            try:
                return await self._attempt(segment, archives, repeated, piece)
            except BatchesRepeated as more:
                repeated |= more.digests
            except Overtaken:
                continue
            except MeasureError:
                piece //= 8
                if piece < _SMALLEST_PIECE:
                    raise
        raise SourceUnavailable("the ledger: other workers were in the way, again and again")

    async def _attempt(
        self,
        segment: Segment,
        archives: Collection[Archive],
        repeated: frozenset[str],
        piece: int,
    ) -> Recorded:
        now, backfill = self.now(), bool(archives)
        digests = {batch.digest for batch in segment.batches if batch.digest}
        if backfill:
            repeated |= await self.ledger.archived(digests)
        elif digests:
            repeated |= await self.ledger.repeated(digests, now)
        batches = kept(segment, repeated)
        recorded = Recorded(
            repeated=len(segment.batches) - len(batches),
            counted=frozenset(batch.digest for batch in batches if batch.digest),
        )
        if backfill and not batches:
            return recorded
        entry = self._entry(segment, archives, batches, now)
        moment = Moment(now, await self.ledger.calendar(now), entry.live_from, backfill)
        form = self.formats(segment.format)
        form = form.without(_OF_STREAM) if backfill else form
        try:
            with closing(pieces(segment.path, batches, piece, self.scratch)) as files:
                lines = sum(batch.lines for batch in batches)
                async with aclosing(self._measured(files, lines, form, moment)) as chunks:
                    await self._record(entry, chunks, recorded, backfill=backfill)
        except AlreadyRecorded:
            return Recorded(told=await self._told_again(segment, form, moment, piece))
        recorded.committed_at = self.now()
        return recorded

    async def _told_again(
        self, segment: Segment, form: Format, moment: Moment, piece: int
    ) -> list[Told]:
        """Return what is told of a segment that was counted just before a crash.

        Nobody knows whether it was told: the lines are the same to the byte, and Loki drops them.
        """
        if not self.measurer.tells:
            return []
        with closing(pieces(segment.path, kept(segment, ()), piece, self.scratch)) as files:
            async with aclosing(self._measured(files, segment.lines, form, moment)) as chunks:
                return [measured.told async for _, _, measured in chunks]

    def _entry(
        self,
        segment: Segment,
        archives: Collection[Archive],
        batches: Collection[Batch],
        now: datetime,
    ) -> Entry:
        counted = {batch.digest for batch in batches if batch.digest}
        files = {each.digest: each for each in archives if each.digest in counted}
        return Entry(
            id=segment.id,
            worker=self.worker(),
            now=now,
            live_from=datetime.max.replace(tzinfo=UTC) if archives else now - self.live_window,
            digests=() if archives else counted,
            archives=tuple(files.values()),
        )

    async def _record(
        self, entry: Entry, chunks: AsyncIterator[_Chunk], recorded: Recorded, *, backfill: bool
    ) -> None:
        """Record chunk by chunk; the first is measured before the transaction begins."""
        first = await anext(chunks, None)
        async with self.ledger.recording(entry) as recording:
            chunk = first
            while chunk is not None:
                survey, known, measured = chunk
                recorded.add(survey, measured, backfill=backfill)
                await recording.add(measured.facts, known.days)
                chunk = await anext(chunks, None)

    async def _measured(
        self, files: Iterator[Path], lines: int, form: Format, moment: Moment
    ) -> AsyncGenerator[_Chunk, None]:
        """Measure files, none of which has more than that many lines."""
        while (file := await self._in_thread(lambda: next(files, None))) is not None:
            survey = await self._in_thread(partial(self.measurer.survey, file, form, moment, lines))
            known = await self.ledger.know(
                survey.visits, survey.episodes, survey.shows, moment.now, backfill=moment.backfill
            )
            measured = await self._in_thread(partial(self.measurer.measure, known))
            yield survey, known, measured

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Return what `work` returns; when cancelled, make it end and wait for that."""
        running = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self.measurer.interrupt()
            with suppress(MeasureError):
                await running
            raise
