"""The record of a batch in a file of the queue: packed, checked, parsed. Pure.

    magic 4 │ checksum 4 │ number 8 │ settled 8 │ flags 1 │ facts' length 4 │ body's length 4
    facts (JSON: entries, oldest, encoding, cursors) │ body (as it is pushed)

The checksum is the CRC-32 of all that follows it.
"""

import json
import struct
import zlib
from dataclasses import dataclass, field

_HEAD = struct.Struct("<4sIQQBII")
_MAGIC = b"NFL1"
_CHECKED_FROM = 8
_ENDS = 1

HEAD_SIZE = _HEAD.size


@dataclass(frozen=True, slots=True)
class Record:
    """A batch as it waits. One without entries only moves cursors."""

    number: int
    """Ascends by the order in which batches were written."""
    settled: int
    """The last number that was settled when this was written."""
    ends: bool
    """Whether a commit ends here: without its end, none of it was promised to anybody."""
    entries: int
    oldest: int
    """The time of its oldest line, Unix nanoseconds; 0 without entries."""
    encoding: str
    body: bytes = field(repr=False)
    cursors: dict[str, str | None] = field(default_factory=dict)


def pack(record: Record) -> bytes:
    """Return the bytes of a record."""
    facts = json.dumps(
        [record.entries, record.oldest, record.encoding, record.cursors], separators=(",", ":")
    ).encode()
    flags = _ENDS if record.ends else 0
    numbers = (record.number, record.settled, flags, len(facts), len(record.body))
    head = _HEAD.pack(_MAGIC, 0, *numbers)
    checksum = zlib.crc32(record.body, zlib.crc32(facts, zlib.crc32(head[_CHECKED_FROM:])))
    return _HEAD.pack(_MAGIC, checksum, *numbers) + facts + record.body


def length(head: bytes) -> int | None:
    """Return how long the record is that begins so, or None where no record begins so."""
    if len(head) < HEAD_SIZE or not head.startswith(_MAGIC):
        return None
    *_, facts, body = _HEAD.unpack_from(head)
    return int(HEAD_SIZE + facts + body)


def parse(data: bytes) -> Record | None:
    """Return the record that `data` is, or None where it is torn or altered."""
    if length(data) != len(data):
        return None
    _, checksum, number, settled, flags, facts_length, _ = _HEAD.unpack_from(data)
    if zlib.crc32(memoryview(data)[_CHECKED_FROM:]) != checksum:
        return None
    start = HEAD_SIZE + facts_length
    entries, oldest, encoding, cursors = json.loads(data[HEAD_SIZE:start])
    ends = bool(flags & _ENDS)
    return Record(number, settled, ends, entries, oldest, encoding, data[start:], cursors)
