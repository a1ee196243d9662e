"""Loads into the ledger: several at a time, each once, and what they came to."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from exporters.backfill.loads import Load, OnProblem, explained
from exporters.core.backoff import Backoff
from exporters.core.errors import SourceError
from exporters.fastly.measure import MeasureError
from exporters.fastly.quarantine import Quarantine
from exporters.fastly.record import Recorded, Recorder
from exporters.ledger import DayClosed

_ATTEMPTS = 6
"""How often a load is tried where the ledger does not answer: half a minute."""


class History(Protocol):
    """Takes note of what is in segments, whether they were counted before or not."""

    async def add(self, load: Load) -> None:
        """Take note of a load."""


@dataclass(slots=True)
class Tally:
    """What a backfill came to."""

    lines: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    audio: bool = False
    """Whether any line that was counted is a request for a show's audio."""
    counted: set[int] = field(default_factory=set)
    """Numbers of files of which something was counted."""
    known: set[int] = field(default_factory=set)
    """Numbers of files of which something had been counted before."""

    @property
    def unreadable(self) -> bool:
        """Whether there were lines, and every one was rejected."""
        return 0 < self.lines <= self.rejected.total()

    def add(self, load: Load, recorded: Recorded) -> None:
        """Add what a load came to."""
        self.lines += recorded.lines
        self.rejected.update(recorded.rejected)
        self.audio |= recorded.audio
        for batch, file in zip(load.segment.batches, load.files, strict=True):
            (self.counted if batch.digest in recorded.counted else self.known).add(file)


class Work:
    """Records loads with some recorders. `on_done` is told bytes and lines of each load."""

    def __init__(
        self,
        recorders: Sequence[Recorder],
        history: History | None,
        quarantine: Quarantine,
        on_problem: OnProblem,
        on_done: Callable[[int, int], None],
    ) -> None:
        self.tally = Tally()
        self._recorders = recorders
        self._history = history
        self._quarantine = quarantine
        self._on_problem = on_problem
        self._on_done = on_done
        self._backoff = Backoff(limit=10.0)

    async def run(self, loads: AsyncIterator[Load]) -> None:
        """Record every load; the first error that is not a load's own ends it.

        Raises SourceError and StartError.
        """
        waiting: asyncio.Queue[Load | None] = asyncio.Queue(maxsize=1)
        async with asyncio.TaskGroup() as group:
            for recorder in self._recorders:
                group.create_task(self._take(recorder, waiting))
            async with aclosing(loads):  # type: ignore[type-var]  # it is a generator
                async for load in loads:
                    await waiting.put(load)
            for _ in self._recorders:
                await waiting.put(None)

    async def _take(self, recorder: Recorder, waiting: "asyncio.Queue[Load | None]") -> None:
        while (load := await waiting.get()) is not None:
            with explained():
                if self._history:
                    await self._history.add(load)
                lines = await self._record(recorder, load)
                await asyncio.to_thread(_remove, load.segment.path)
            self._on_done(load.read, lines)

    async def _record(self, recorder: Recorder, load: Load) -> int:
        """Count a load; where one of its parts cannot be counted, the others are."""
        try:
            recorded = await self._patiently(recorder, load)
        except (DayClosed, MeasureError) as error:
            if len(load.archives) == 1:
                self._on_problem(f"{load.archives[0].name}: {error}")
                return 0
            return sum([await self._record(recorder, part) for part in _parts(load)])
        self.tally.add(load, recorded)
        await self._quarantine.keep("file", recorded.rejects)
        return recorded.lines

    async def _patiently(self, recorder: Recorder, load: Load) -> Recorded:
        for failures in range(1, _ATTEMPTS):
            try:
                return await recorder.record(load.segment, load.archives)
            except SourceError:
                await asyncio.sleep(self._backoff.delay(failures))
        return await recorder.record(load.segment, load.archives)


def _parts(load: Load) -> list[Load]:
    """Return each part as a load of its own, over the same log."""
    segment = load.segment
    return [
        Load(replace(segment, id=uuid4().hex, batches=(batch,)), [archive], [file], 0)
        for batch, archive, file in zip(segment.batches, load.archives, load.files, strict=True)
    ]


def _remove(log: Path) -> None:
    log.unlink(missing_ok=True)
