"""The quarantine's counter and its files."""

import asyncio
import json
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from exporters.core.exposition import ValueFamily
from exporters.fastly.bodies import TooLong
from exporters.fastly.quarantine.masking import mask
from exporters.fastly.segment import Source

log = logging.getLogger(__name__)

FILES = 4
TOO_LONG = "too_long"
AT_A_TIME = 1000
"""Lines that are kept of those that are rejected together."""

_NAME = "rejected.jsonl"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is not counted, and why: a fixed word."""

    reason: str
    line: bytes


class Quarantine:
    """Counts every rejected line, and keeps the latest ones in a few files of a bounded size.

    `rejected.jsonl` is the newest, `rejected.jsonl.3` the oldest; one JSON object a line, with
    `time`, `source`, `reason` and `line`. That a line cannot be kept is no error: it is counted.
    """

    def __init__(
        self,
        folder: Path,
        quota: int,
        reasons: Iterable[str],
        sources: Iterable[Source],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.rejected = ValueFamily(
            "counter",
            "cdn_log_lines_rejected_total",
            "Log lines that were not counted, by reason.",
            ["source", "reason"],
        )
        for source in sources:
            for reason in {TOO_LONG, *reasons}:
                self.rejected.inc((source, reason), 0)
        self._folder = folder
        self._file_size = quota // FILES
        self._now = now
        self._writing = asyncio.Lock()
        self._failing = False

    def count(self, source: Source, reason: str, lines: int = 1) -> None:
        """Count lines that are not kept."""
        self.rejected.inc((source, reason), lines)

    async def too_long(self, source: Source, lines: TooLong) -> None:
        """Count lines that were left out for their length, and keep how some of them begin."""
        if lines.count:
            self.count(source, TOO_LONG, lines.count)
            await self.keep(source, [Rejected(TOO_LONG, head) for head in lines.heads])

    async def keep(self, source: Source, lines: Sequence[Rejected]) -> None:
        """Keep lines, masked, without counting them."""
        moment = self._now().isoformat(timespec="seconds")
        records = [_record(moment, source, line) for line in islice(lines, AT_A_TIME)]
        if records:
            async with self._writing:
                await asyncio.to_thread(self._append, b"".join(records))

    def _append(self, records: bytes) -> None:
        try:
            self._make_room(len(records))
            newest = os.open(
                self._folder / _NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
            )
            with open(newest, "ab") as file:  # noqa: PTH123 - a path cannot say who may read it
                file.write(records[: self._file_size])
        except OSError as error:
            if not self._failing:
                reason = (error.strerror or "not possible").lower()
                log.warning("rejected lines cannot be kept: %s", reason)
            self._failing = True
        else:
            self._failing = False

    def _make_room(self, size: int) -> None:
        """Begin a new file where the newest would become too long."""
        if not self._folder.exists():
            self._folder.mkdir(mode=0o700, parents=True)
        newest = self._folder / _NAME
        if not newest.exists() or newest.stat().st_size + size <= self._file_size:
            return
        for number in range(FILES - 2, 0, -1):
            older = newest.with_name(f"{_NAME}.{number}")
            if older.exists():
                older.rename(newest.with_name(f"{_NAME}.{number + 1}"))
        newest.rename(newest.with_name(f"{_NAME}.1"))


def _record(moment: str, source: Source, line: Rejected) -> bytes:
    text = mask(line.line.decode(errors="replace"))
    fields = {"time": moment, "source": source, "reason": line.reason, "line": text}
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"
