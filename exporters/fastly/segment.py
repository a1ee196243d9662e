"""Segments: files of log lines that wait to be measured, and their form on disk.

A segment named ID is two files in one folder:

- `ID.log`: the lines of its batches, one after the other, as `lines.clean` leaves them.
- `ID.index`: JSON, one object a line; first a header, then one object for each batch:

      {"version": 1, "source": "https", "format": "auto"}
      {"digest": "9f86d081884c7d65…", "offset": 0, "size": 55000, "lines": 100}
      {"digest": "60303ae22b998861…", "offset": 55000, "size": 5500, "lines": 10}

While it is written, the index is named `ID.open`. A batch is in the segment when its line stands in
the index: its lines are synced first, then its line of the index, and only then is the batch
answered. Sealing renames `ID.open` to `ID.index` and syncs the folder. After a crash, whatever the
log holds behind the last whole line of the index was never answered, and is cut off. The log is
deleted after the index, so that an index always has its log.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from blake3 import blake3

from exporters.core.errors import NearfieldError

Source = Literal["https", "syslog", "s3", "file"]
"""Where lines came from: the label `source` of `cdn_log_*`. `file` is a backfill."""

SOURCES: tuple[Source, ...] = get_args(Source)
VERSION = 1
LOG, INDEX, OPEN = ".log", ".index", ".open"


class BadSegment(NearfieldError):
    """An index that cannot be read, or that does not fit its log."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines that were sent together, and are counted together or not at all."""

    digest: str
    """See `digest`; empty for what nobody repeats (syslog)."""
    offset: int
    """Where its first line begins in the log, in bytes."""
    size: int
    """Its bytes in the log."""
    lines: int


@dataclass(frozen=True, slots=True)
class Segment:
    """Lines of one source in one format. Nothing in it changes once it is sealed."""

    id: str
    """Unlike that of any other segment of any worker: `uuid4().hex`."""
    path: Path
    """The log: any file of clean lines, wherever it lies."""
    source: Source
    format: str
    """The name of a format, or `auto`."""
    batches: tuple[Batch, ...]

    @property
    def size(self) -> int:
        """Bytes of all batches."""
        return sum(batch.size for batch in self.batches)

    @property
    def lines(self) -> int:
        """Lines of all batches."""
        return sum(batch.lines for batch in self.batches)


def digest(*body: bytes) -> str:
    """Return the digest of a batch's decoded body, or of an archived file's inflated content.

    It is made of what was sent, before `clean`: a client repeats what it sent.
    """
    hasher = new_digest()
    for block in body:
        hasher.update(block)
    return hasher.hexdigest()


def new_digest() -> blake3:
    """Return a hasher to feed a body block by block; `hexdigest()` is what `digest` returns.

    BLAKE3: nobody can make two bodies of one digest, and it takes a third of SHA-256's time, also
    where the processor has instructions for that.
    """
    return blake3()


def header_line(source: Source, format_name: str) -> bytes:
    """Return the first line of an index."""
    return _line({"version": VERSION, "source": source, "format": format_name})


def batch_line(batch: Batch) -> bytes:
    """Return the line of an index that puts a batch into its segment."""
    return _line(asdict(batch))


def read_index(index: Path) -> Segment:
    """Return the segment of an index, open or sealed. A last line without LF is not in it.

    Raises BadSegment for an index that is not one, and OSError.
    """
    whole, _, _ = index.read_bytes().rpartition(b"\n")
    try:
        header, *batches = (json.loads(line) for line in whole.split(b"\n"))
        if header["version"] != VERSION or header["source"] not in SOURCES:
            raise BadSegment(f"{index.name}: written by another version")
        segment = Segment(
            id=index.stem,
            path=index.with_suffix(LOG),
            source=header["source"],
            format=str(header["format"]),
            batches=tuple(_batch(fields) for fields in batches),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BadSegment(f"{index.name}: not an index of a segment") from error
    _check(segment)
    return segment


def sealed(folder: Path) -> Iterator[Path]:
    """Yield the indexes of the sealed segments in a folder, oldest first."""
    with_time = ((entry.stat().st_mtime_ns, entry) for entry in folder.glob(f"*{INDEX}"))
    for _, entry in sorted(with_time):
        yield entry


def _batch(fields: dict[str, object]) -> Batch:
    return Batch(
        digest=str(fields["digest"]),
        offset=int(str(fields["offset"])),
        size=int(str(fields["size"])),
        lines=int(str(fields["lines"])),
    )


def _check(segment: Segment) -> None:
    end = 0
    for batch in segment.batches:
        if batch.offset != end or batch.size < 0 or batch.lines < 0:
            raise BadSegment(f"{segment.id}: its batches do not follow one another")
        end += batch.size


def _line(fields: dict[str, object]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"
