"""A segment as files of a bounded size, without the batches that are not to be counted."""

from collections.abc import Collection, Generator, Sequence
from math import ceil
from pathlib import Path
from typing import BinaryIO

from exporters.fastly.segment import Batch, Segment

_BLOCK = 1024 * 1024
_Span = tuple[int, int]
"""Offset and size in a log."""


def kept(segment: Segment, repeated: Collection[str]) -> tuple[Batch, ...]:
    """Return the batches that are counted: not those repeated, nor one twice."""
    seen = set(repeated)
    batches = []
    for batch in segment.batches:
        if batch.digest not in seen:
            batches.append(batch)
            if batch.digest:
                seen.add(batch.digest)
    return tuple(batches)


def pieces(
    log: Path, batches: Sequence[Batch], limit: int, scratch: Path
) -> Generator[Path, None, None]:
    """Yield files with the lines of these batches, of whole lines and about the same size.

    That is about `limit` bytes at most. A log that is one piece is given as it is; others are
    copied piece by piece into the folder `scratch`, and a piece is gone when the next one is asked
    for. Raises OSError.
    """
    spans = _spans(batches)
    size = sum(size for _, size in spans)
    count = max(1, ceil(size / limit))
    if count == 1 and spans == [(0, log.stat().st_size)]:
        yield log
        return
    piece = scratch / f"{log.stem}.piece"
    try:
        with log.open("rb") as lines:
            while spans:
                with piece.open("wb") as out:
                    spans = _fill(out, lines, spans, ceil(size / count))
                yield piece
    finally:
        piece.unlink(missing_ok=True)


def _spans(batches: Sequence[Batch]) -> list[_Span]:
    """Return where these batches lie, neighbours as one."""
    spans: list[_Span] = []
    for batch in batches:
        if spans and sum(spans[-1]) == batch.offset:
            spans[-1] = (spans[-1][0], spans[-1][1] + batch.size)
        elif batch.size:
            spans.append((batch.offset, batch.size))
    return spans


def _fill(out: BinaryIO, lines: BinaryIO, spans: Sequence[_Span], room: int) -> list[_Span]:
    """Copy lines until there is no room for more, and return the spans that are left."""
    left = list(spans)
    while left and room > 0:
        offset, size = left.pop(0)
        lines.seek(offset)
        copied = _copy(out, lines, size, min(size, room))
        room -= copied
        if copied < size:
            left.insert(0, (offset + copied, size - copied))
    return left


def _copy(out: BinaryIO, lines: BinaryIO, size: int, wanted: int) -> int:
    """Copy whole lines, `wanted` bytes or up to a line more; return how many bytes that was."""
    copied = 0
    while copied < wanted:
        block = lines.read(min(_BLOCK, wanted - copied))
        if not block:
            raise OSError("the log is shorter than its index says")
        out.write(block)
        copied += len(block)
    if copied < size and not block.endswith(b"\n"):
        copied += out.write(lines.readline(size - copied))
    return copied
