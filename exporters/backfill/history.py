"""What archived lines say of the past by the hour, whether they were counted before or not."""

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from exporters.backfill.loads import Load
from exporters.core.errors import StartError
from exporters.fastly.bodies.threads import in_thread
from exporters.fastly.measure import MeasureError, Measurer, Moment
from exporters.fastly.measure.answers import Answers
from exporters.fastly.record.build import Bench
from exporters.fastly.record.pieces import pieces
from exporters.fastly.record.recorder import PIECE
from exporters.fastly.segment import Batch, Segment
from exporters.ledger.model import Calendar

_CREATE = """
CREATE TABLE answers (
    host TEXT, pop TEXT, status TEXT, cache TEXT, hour INTEGER, requests INTEGER NOT NULL,
    PRIMARY KEY (host, pop, status, cache, hour)
) WITHOUT ROWID
"""
_ADD = """
INSERT INTO answers AS a VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET requests = a.requests + excluded.requests
"""
_READ = """
SELECT host, pop, status, cache, hour, requests FROM answers
ORDER BY host, pop, status, cache, hour
"""
_ANY_DAY = Calendar(frozenset(), date.min)


class History:
    """Measures lines by the hour into a file in `folder`: years of hours fit no memory."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.visits: set[tuple[date, str]] = set()
        """UTC days and podcasts of requests for audio."""
        self._bench = bench
        self._folder = folder
        self._measurer: Measurer = bench.measurer(folder / "history")
        self._seen: set[str] = set()
        self._turn = asyncio.Lock()

    def __enter__(self) -> Self:
        self._measurer.__enter__()
        self._database = sqlite3.connect(
            self._folder / "history.db", check_same_thread=False, isolation_level=None
        )
        # It is thrown away with its folder: nothing of it has to outlive us.
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(_CREATE)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()
        self._measurer.__exit__(kind, error, trace)

    async def add(self, load: Load) -> None:
        """Take note of a load; the same content counts once."""
        async with self._turn:
            batches = [batch for batch in load.segment.batches if batch.digest not in self._seen]
            await in_thread(None, lambda: self._add(load.segment, batches))
            self._seen.update(batch.digest for batch in batches)

    def _add(self, segment: Segment, batches: Sequence[Batch]) -> None:
        moment = Moment(datetime.now(UTC), _ANY_DAY, datetime.max.replace(tzinfo=UTC), True)
        scratch = self._folder / "history"
        form = self._bench.format(segment.format)
        lines = sum(batch.lines for batch in batches)
        with closing(pieces(segment.path, batches, PIECE, scratch)) as files:
            for file in files:
                try:
                    found = self._measurer.survey(file, form, moment, lines)
                    self._note(self._measurer.answers())
                except MeasureError:
                    continue  # who records them says so
                self.visits |= found.visits

    def _note(self, found: Iterable[Answers]) -> None:
        rows = ((*labels, hour, n) for hour, labels, n in found)
        try:
            self._database.execute("BEGIN")
            self._database.executemany(_ADD, rows)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            raise StartError("cannot keep history under data_dir: is its disk full?") from error

    def answers(self) -> Iterator[tuple[tuple[str, ...], int, int]]:
        """Yield host, pop, status and cache; hour since 1970; requests. One series at a time."""
        for *labels, hour, requests in self._database.execute(_READ):
            yield tuple(labels), hour, requests
