"""What a backfill came to, for a person."""

from collections import Counter
from pathlib import Path

from exporters.backfill.work import Tally


def summary(tally: Tally, files: int, too_long: int, quarantine: Path) -> str:
    """Return a few lines: what was counted, what had been before, what was left out and why."""
    known = len(tally.known - tally.counted)
    lines = [f"{tally.lines:,} lines of {len(tally.counted):,} files read"]
    if known:
        lines[0] += f"; {known:,} files of {files:,} had been counted before"
    rejected = tally.rejected + Counter(too_long=too_long)
    if rejected:
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in rejected.most_common())
        lines.append(f"{rejected.total():,} lines were left out: {reasons}")
        if tally.rejected:
            lines.append(f"some of them are kept in {quarantine}, addresses masked")
    if tally.lines and not tally.unreadable and not tally.audio:
        lines.append("No line is a request for an episode's audio: see fastly.episode_path")
    return "".join(f"{line}\n" for line in lines)
