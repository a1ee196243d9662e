"""The queue on disk: batches with the cursors of their lines, in by one sync, out when settled.

    append → last segment ─ … ─ first segment → take → settle → gone

A segment begins with all cursors, so that older ones can go. What is settled is written without
a sync: after a power cut the last batches may be pushed again, byte for byte, which Loki ignores.
"""

import os
import struct
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from exporters.core.errors import StartError
from exporters.loki.model import Cursors
from exporters.loki.records import Record, pack
from exporters.loki.segments import SUFFIX, Segment

_SETTLED = struct.Struct("<QI")
_SEGMENT = 16 * 1024 * 1024
_PARTS = 8


@dataclass(frozen=True, slots=True)
class Batch:
    """Encoded entries, as many as one push takes."""

    entries: int
    oldest: int
    encoding: str
    body: bytes = field(repr=False)


class Queue:
    """The batches that Loki has not taken yet. It belongs to one thread at a time.

    Its folder belongs to one process, which holds `data_dir` for itself.
    """

    def __init__(self, folder: Path, quota: int, segment_size: int = _SEGMENT) -> None:
        self._folder = folder
        self._quota = quota
        self._segment_size = min(segment_size, quota // _PARTS)
        self._segments: list[Segment] = []
        self._offset = 0
        """Where the first batch that is not settled begins, in the first segment."""
        self._taken: tuple[Record, int] | None = None
        self._number, self._settled, self._file = 1, 0, -1
        self._roll_next = True
        self._cursors: dict[str, str] = {}
        self.damaged = 0
        """Segments whose rest could not be read."""

    @property
    def cursors(self) -> Mapping[str, str]:
        """The cursors of all that is on disk, or was before Loki took it."""
        return dict(self._cursors)

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return max(0, sum(segment.end for segment in self._segments) - self._offset)

    def open(self) -> None:
        """Read what is there, cut off what was torn; StartError where the folder is of no use."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._file = os.open(self._folder / "settled", flags, 0o600)
            self._recover()
        except OSError as error:
            self.close()
            reason = (error.strerror or "not possible").lower()
            raise StartError(f"logs: cannot use the folder {self._folder}: {reason}") from error

    def _recover(self) -> None:
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            segment = Segment(path)
            segment.open()
            self._segments.append(segment)
        records: list[Record] = []
        while self._segments and not (records := self._segments[-1].recover()):
            self._segments.pop().remove()
        for record in records:
            self._move(record.cursors)
            self._number = record.number + 1
            self._settled = max(self._settled, record.settled)
        self._roll_next = not records
        data = os.pread(self._file, _SETTLED.size, 0)
        if len(data) == _SETTLED.size:
            settled, checksum = _SETTLED.unpack(data)
            if zlib.crc32(data[:8]) == checksum:
                self._settled = max(self._settled, settled)
        self._number = max(self._number, self._settled + 1)

    def close(self) -> None:
        """Close every file; all that was appended stays."""
        for segment in self._segments:
            segment.close()
        if self._file >= 0:
            os.close(self._file)
        self._segments, self._file = [], -1

    def append(self, batches: Sequence[Batch], cursors: Cursors) -> int:
        """Make batches and the cursors of their lines safe, all or none, with one sync.

        Returns how many entries of the oldest batches had to go for them. OSError, and nothing
        changed, where the disk does not take them.
        """
        if self._roll_next or self._segments[-1].end >= self._segment_size:
            self._roll()
        *first, last = batches or (Batch(0, 0, "", b""),)
        records = [self._record(batch) for batch in first]
        records.append(self._record(last, ends=True, cursors=dict(cursors)))
        try:
            self._segments[-1].append(b"".join(map(pack, records)))
        except OSError:
            # What a failed sync has left of the file nobody knows.
            self._roll_next = True
            raise
        self._move(cursors)
        return self._make_room()

    def _record(
        self, batch: Batch, *, ends: bool = False, cursors: dict[str, str | None] | None = None
    ) -> Record:
        self._number += 1
        return Record(
            self._number - 1,
            self._settled,
            ends,
            batch.entries,
            batch.oldest,
            batch.encoding,
            batch.body,
            cursors or {},
        )

    def _roll(self) -> None:
        """Begin a segment with all cursors."""
        snapshot: dict[str, str | None] = dict(self._cursors)
        record = self._record(Batch(0, 0, "", b""), ends=True, cursors=snapshot)
        segment = Segment(self._folder / f"{record.number:020d}{SUFFIX}")
        segment.create()
        try:
            segment.append(pack(record))
        except OSError:
            segment.remove()
            raise
        self._segments.append(segment)
        self._roll_next = False

    def _move(self, cursors: Cursors) -> None:
        for key, value in cursors.items():
            if value is None:
                self._cursors.pop(key, None)
            else:
                self._cursors[key] = value

    def _make_room(self) -> int:
        dropped = 0
        while len(self._segments) > 1 and sum(s.end for s in self._segments) > self._quota:
            for record, _ in self._segments[0].records(self._offset):
                if record.number > self._settled and not self._is_taken(record.number):
                    dropped += record.entries
            self._taken = None
            self._leave_first()
        return dropped

    def _is_taken(self, number: int) -> bool:
        return self._taken is not None and self._taken[0].number == number

    def _leave_first(self) -> None:
        self._segments.pop(0).remove()
        self._offset = 0

    def take(self) -> Record | None:
        """Return the oldest batch that is not settled, or None. It stays until it is settled."""
        while self._segments and not self._taken:
            segment = self._segments[0]
            if found := segment.read(self._offset):
                if found[0].entries and found[0].number > self._settled:
                    self._taken = found
                else:
                    self._offset = found[1]
                continue
            if self._offset < segment.end:
                self.damaged += 1
            if segment is not self._segments[-1]:
                self._leave_first()
                continue
            # Nothing may be written behind what cannot be read.
            self._roll_next = self._roll_next or self._offset < segment.end
            self._offset = segment.end
            return None
        return self._taken[0] if self._taken else None

    def holds(self, record: Record) -> bool:
        """Whether a batch that was taken is still here: the oldest go where room is wanted."""
        return self._is_taken(record.number)

    def settle(self, record: Record) -> None:
        """Let a batch go that was taken."""
        if self._taken and self._is_taken(record.number):
            self._offset, self._taken = self._taken[1], None
        self._settled = record.number
        number = record.number.to_bytes(8, "little")
        data = _SETTLED.pack(record.number, zlib.crc32(number))
        with suppress(OSError):  # it would be pushed again, and ignored
            os.pwrite(self._file, data, 0)
