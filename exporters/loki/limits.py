"""Loki's limits, as far as they are known beforehand: what it would refuse is not even sent. Pure.

Loki's own defaults (`limits_config`): lines of 256 KiB, a week back, ten minutes ahead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from exporters.loki.model import Entry, lines_of, times_of

AHEAD = 600
"""Seconds (`creation_grace_period`)."""

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that Loki did not take, or would not, and why: one of `metrics.DROPS`."""

    entry: Entry
    reason: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a line may be like."""

    line_size: int = 256 * 1024
    """Bytes."""
    age: float = 7 * 86400.0
    """Seconds."""
    clamp: bool = True
    """Whether a longer line is cut; else it is refused."""


def fit(
    entries: Sequence[Entry], limits: Limits, now: float
) -> tuple[Sequence[Entry], list[Refusal]]:
    """Return the entries within the limits at `now`, in their order, and the others."""
    oldest, newest = int((now - limits.age) * _NS), int((now + AHEAD) * _NS)
    harmless = limits.line_size // 4  # a character has four bytes at most
    if not entries:
        return entries, []
    # Hardly ever is one suspect, so that nearly always this is all there is to do.
    times, longest = times_of(entries), max(map(len, lines_of(entries)))
    if oldest <= min(times) and max(times) <= newest and longest <= harmless:
        return entries, []
    kept: list[Entry] = []
    refused: list[Refusal] = []
    for entry in entries:
        if reason := _reason(entry, limits, oldest, newest):
            refused.append(Refusal(entry, reason))
        else:
            kept.append(entry._replace(line=cut(entry.line, limits.line_size)))
    return kept, refused


def _reason(entry: Entry, limits: Limits, oldest: int, newest: int) -> str:
    if entry.ns < oldest:
        return "too_old"
    if entry.ns > newest:
        return "too_new"
    if not limits.clamp and len(entry.line.encode("utf-8", "replace")) > limits.line_size:
        return "too_long"
    return ""


def cut(line: str, size: int) -> str:
    """Return a line of at most `size` bytes; one that is cut says how long it was."""
    if len(line) <= size // 4 or len(text := line.encode("utf-8", "replace")) <= size:
        return line
    mark = f" … cut, {len(text)} bytes"
    room = max(0, size - len(mark.encode()))
    return text[:room].decode("utf-8", "ignore") + mark
