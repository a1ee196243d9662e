"""The open segment of one source: written, synced and sealed by one thread."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from exporters.fastly.receive_refusals import NoRoom
from exporters.fastly.segment import (
    INDEX,
    LOG,
    OPEN,
    Batch,
    Segment,
    Source,
    batch_line,
    header_line,
)
from exporters.fastly.spool.files import create, disk_failed, sync_folder, write_at
from exporters.fastly.spool.parts import Part


@dataclass(frozen=True, slots=True)
class Kind:
    """What all batches of one segment have in common."""

    source: Source
    format: str = "auto"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A batch that has been received whole and waits to be stored."""

    part: Part
    digest: str
    lines: int
    kind: Kind


class Lane:
    """An open segment. What `commit` returned a Batch for outlives a crash; nothing else counts.

    After an error that leaves the files in doubt it is `spoilt`: it takes nothing more, and what
    it holds is as safe as before.
    """

    def __init__(self, folder: Path, kind: Kind, born: float) -> None:
        self.born = born
        self.spoilt = False
        self.batches: list[Batch] = []
        self.size = 0
        self._folder, self._kind = folder, kind
        self._id = uuid4().hex
        self._log, self._index = -1, -1
        self._index_size = 0

    def open(self) -> None:
        """Create both files; OSError, and neither is left, where that cannot be."""
        header = header_line(self._kind.source, self._kind.format)
        try:
            self._log = create(self._path(LOG))
            self._index = create(self._path(OPEN))
            self._index_size = write_at(self._index, header, 0)
            sync_folder(self._folder)
        except OSError:
            self.close()
            self._path(OPEN).unlink(missing_ok=True)
            self._path(LOG).unlink(missing_ok=True)
            raise

    def commit(self, arrivals: Sequence[Arrival]) -> list[Batch | NoRoom]:
        """Store batches with one sync; in their places, what became of each."""
        end = self.size
        outcome: list[Batch | NoRoom] = []
        for arrival in arrivals:
            stored = self._write(arrival, end)
            outcome.append(stored)
            if isinstance(stored, Batch):
                end += stored.size
        stored_now = [batch for batch in outcome if isinstance(batch, Batch)]
        if not stored_now:
            return outcome
        try:
            self._sync(stored_now)
        except OSError as error:
            self._cut_back()
            return [disk_failed(error) for _ in arrivals]
        self.batches += stored_now
        self.size = end
        return outcome

    def _write(self, arrival: Arrival, offset: int) -> Batch | NoRoom:
        """Write a batch behind the others; one that does not fit leaves room for the next."""
        end = offset
        try:
            for block in arrival.part.blocks():
                end = write_at(self._log, block, end)
        except OSError as error:
            self._or_spoil(lambda: os.ftruncate(self._log, offset))
            return disk_failed(error)
        return Batch(arrival.digest, offset, end - offset, arrival.lines)

    def _sync(self, batches: Sequence[Batch]) -> None:
        os.fdatasync(self._log)
        lines = b"".join(map(batch_line, batches))
        end = write_at(self._index, lines, self._index_size)
        os.fdatasync(self._index)
        self._index_size = end

    def _cut_back(self) -> None:
        # What a failed sync has left in the page cache nobody knows, so that nothing may be
        # written behind it; what was synced before is safe. (A write that failed for want of room
        # spoils the lane too: a new one begins as soon as there is room.)
        self._or_spoil(lambda: os.ftruncate(self._index, self._index_size))
        self._or_spoil(lambda: os.ftruncate(self._log, self.size))
        self.spoilt = True

    def _or_spoil(self, cut: Callable[[], None]) -> None:
        try:
            cut()
        except OSError:
            self.spoilt = True

    def seal(self) -> Segment | None:
        """Close the segment and return it; None, and no file is left, if it holds nothing.

        Its new name is not synced, and may even fail: by its old one it is found after a crash.
        """
        self.close()
        if not self.batches:
            self._path(OPEN).unlink(missing_ok=True)
            self._path(LOG).unlink(missing_ok=True)
            return None
        with suppress(OSError):
            self._path(OPEN).rename(self._path(INDEX))
        return Segment(
            self._id, self._path(LOG), self._kind.source, self._kind.format, tuple(self.batches)
        )

    def close(self) -> None:
        """Close both files and leave them as they are."""
        for file in (self._log, self._index):
            if file >= 0:
                os.close(file)
        self._log = self._index = -1

    def _path(self, suffix: str) -> Path:
        return self._folder / f"{self._id}{suffix}"


def adopt(folder: Path, arrival: Arrival) -> Segment:
    """Make a batch a segment of its own, synced and sealed, without copying its lines.

    Raises OSError; then nothing is left but the part.
    """
    name, kind = uuid4().hex, arrival.kind
    log, opened, index = (folder / f"{name}{suffix}" for suffix in (LOG, OPEN, INDEX))
    batch = Batch(arrival.digest, 0, arrival.part.size, arrival.lines)
    try:
        arrival.part.become(log)
        _write_index(opened, header_line(kind.source, kind.format) + batch_line(batch))
        sync_folder(folder)
        opened.rename(index)
    except OSError:
        opened.unlink(missing_ok=True)
        log.unlink(missing_ok=True)
        raise
    return Segment(name, log, kind.source, kind.format, (batch,))


def _write_index(path: Path, lines: bytes) -> None:
    file = create(path)
    try:
        write_at(file, lines, 0)
        os.fdatasync(file)
    finally:
        os.close(file)
