"""What becomes of a segment that has been counted."""

import shutil
from pathlib import Path

from exporters.fastly.segment import INDEX, OPEN, Segment


def remove(segment: Segment, archive: Path | None = None) -> None:
    """Delete a segment, or move its log to the folder `archive`.

    The log goes after the index: should a crash undo either, the ledger knows the segment's name
    and counts it no second time.
    """
    if archive is not None and segment.path.exists():
        archive.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.move(segment.path, archive / segment.path.name)
    for suffix in (INDEX, OPEN):
        segment.path.with_suffix(suffix).unlink(missing_ok=True)
    segment.path.unlink(missing_ok=True)
