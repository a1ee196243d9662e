"""What a crash leaves in the spool's folder, and what becomes of it."""

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

from exporters.fastly.segment import INDEX, LOG, OPEN, BadSegment, Segment, read_index
from exporters.fastly.spool import parts
from exporters.fastly.spool.files import sync_folder

log = logging.getLogger(__name__)

BAD = ".bad"
"""Suffix of an index that cannot be read; it and its log are left alone."""


def recover(folder: Path) -> list[tuple[Segment, float]]:
    """Return the segments in a folder, each with the time of its last batch, oldest first.

    Parts and other leftovers of what was never answered are deleted, open segments are cut back to
    their last whole batch and sealed. Raises OSError.
    """
    for part in folder.glob(f"*{parts.SUFFIX}"):
        part.unlink()
    found = sorted(_segments(folder), key=lambda each: each[1])
    _delete_strays(folder, {segment.path for segment, _ in found})
    sync_folder(folder)
    return found


def _segments(folder: Path) -> Iterator[tuple[Segment, float]]:
    for index in [*folder.glob(f"*{INDEX}"), *folder.glob(f"*{OPEN}")]:
        written = index.stat().st_mtime
        segment = _read(index)
        if segment:
            yield _sealed(segment, index), written


def _read(index: Path) -> Segment | None:
    """Return the segment, or None where there is nothing in it or its index is broken."""
    if b"\n" not in index.read_bytes():  # its header was still being written
        index.unlink()
        return None
    try:
        segment = read_index(index)
    except BadSegment as error:
        log.error("the spool keeps a segment that cannot be read, with suffix %s: %s", BAD, error)  # noqa: TRY400 - the message says all
        index.rename(index.with_name(index.name + BAD))
        return None
    size = segment.path.stat().st_size if segment.path.exists() else 0
    whole = tuple(takewhile(lambda batch: batch.offset + batch.size <= size, segment.batches))
    if not whole:
        index.unlink()
        return None
    return replace(segment, batches=whole)


def _sealed(segment: Segment, index: Path) -> Segment:
    if segment.path.stat().st_size > segment.size:
        os.truncate(segment.path, segment.size)
    if index.suffix == OPEN:
        index.rename(index.with_suffix(INDEX))
    return segment


def _delete_strays(folder: Path, kept: set[Path]) -> None:
    """Delete the logs that no index speaks of: never answered, or counted already."""
    for stray in folder.glob(f"*{LOG}"):
        bad = any(stray.with_suffix(suffix + BAD).exists() for suffix in (INDEX, OPEN))
        if stray not in kept and not bad:
            with suppress(FileNotFoundError):
                stray.unlink()
