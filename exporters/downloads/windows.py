"""Which days of which episodes launch windows need, and how they add up: pure arithmetic."""

from bisect import bisect_right
from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import Any, TypeAlias

from exporters.downloads.model import WINDOWS, Number

Start: TypeAlias = tuple[int, int]
"""An episode's id, and the day of its publication in days since 1970."""
Sums: TypeAlias = tuple[float | None, ...]
"""The downloads at each age of `WINDOWS`; None as long as no day of the window is counted."""

_STRETCHES = tuple(pairwise((0, *WINDOWS)))
"""From what age in days to below which: what each window adds to the one before."""


def lookups(starts: Collection[Start]) -> dict[str, list[int]]:
    """Return what is to be looked up, as columns of equal length but for `ids`.

    On `days` (days since 1970) count the episodes that began their stretch at `ages`: those in
    `ids` from place `firsts` to `lasts`, both included and counted from 1. Episodes of one age are
    neighbours, so a place for each day and stretch says as much as one for each day and episode.
    """
    ids = [episode_id for episode_id, _ in sorted(starts, key=lambda start: start[1])]
    published = sorted(day for _, day in starts)
    days = sorted({day + age for day in set(published) for age in range(WINDOWS[-1])})
    found = [
        (day, begin, first + 1, last)
        for day in days
        for begin, end in _STRETCHES
        if (first := bisect_right(published, day - end))
        < (last := bisect_right(published, day - begin))
    ]
    columns = [list(column) for column in zip(*found, strict=True)]
    return dict(zip(("days", "ages", "firsts", "lasts"), columns, strict=True)) | {"ids": ids}


def add_up(starts: Iterable[Start], rows: Iterable[tuple[Any, ...]]) -> dict[Start, Sums]:
    """Return the sums of each start, from rows of id, beginning of a stretch, and its downloads."""
    counted: dict[tuple[int, int], Number | None] = {
        (episode_id, begin): downloads for episode_id, begin, downloads in rows
    }
    sums: dict[Start, Sums] = {}
    for episode_id, day in starts:
        total: float | None = None
        ages: list[float | None] = []
        for begin, _ in _STRETCHES:
            downloads = counted.get((episode_id, begin))
            if downloads is not None:
                total = (total or 0.0) + float(downloads)
            ages.append(total)
        sums[episode_id, day] = tuple(ages)
    return sums
