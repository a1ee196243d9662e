"""How the counts of days make launch windows: pure arithmetic, and the SQL that looks days up."""

from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import Any, TypeAlias

from psycopg.sql import SQL

from exporters.downloads.model import WINDOWS, Number

Start: TypeAlias = tuple[int, int]
"""An episode's id, and the day of its publication in days since 1970."""
Sums: TypeAlias = tuple[float | None, ...]
"""The downloads at each age of `WINDOWS`; None as long as no day of the window is counted."""

_STRETCHES = tuple(pairwise((0, *WINDOWS)))
"""From what age in days to below which: what each window adds to the one before."""

# On each day, for each stretch: the episodes of such an age are neighbours in `ids`, which is
# sorted as `days` is, by publication; width_bucket finds the first and the last of them. They are
# looked up together in the unique index on (date, episode_id), where they are neighbours too, as in
# the table. By episode_id alone it would be all days of an episode: the rows are wide, and nearly
# all lie beyond the windows. OFFSET 0 keeps the planner from reading the whole table instead.
COUNTS = SQL(
    """
    SELECT
        counted.episode_id,
        wanted.age,
        sum(counted.downloads)
    FROM (
        SELECT
            days.day,
            stretches.age,
            width_bucket(days.day - stretches.until, %(days)s::integer[]) + 1 AS first,
            width_bucket(days.day - stretches.age, %(days)s::integer[]) AS last
        FROM unnest(%(firsts)s::integer[], %(lasts)s::integer[]) AS spans (first, last)
        CROSS JOIN generate_series(spans.first, spans.last) AS days (day)
        CROSS JOIN unnest(%(ages)s::integer[], %(untils)s::integer[]) AS stretches (age, until)
        OFFSET 0
    ) AS wanted
    CROSS JOIN LATERAL (
        SELECT
            episode_id,
            downloads
        FROM episode_stats
        WHERE
            date = DATE '1970-01-01' + wanted.day
            AND episode_id = ANY ((%(ids)s::bigint[])[wanted.first:wanted.last])
        OFFSET 0
    ) AS counted
    WHERE wanted.first <= wanted.last
    GROUP BY counted.episode_id, wanted.age
    """
)
"""Rows of an episode's id, the age at which a stretch begins, and the downloads of that stretch."""


def wanted(starts: Collection[Start]) -> dict[str, Any]:
    """Return the parameters of `COUNTS` for some starts, of which there is at least one."""
    ordered = sorted(starts, key=lambda start: start[1])
    days = [day for _, day in ordered]
    firsts, lasts = zip(*_spans(days), strict=True)
    ages, untils = zip(*_STRETCHES, strict=True)
    return {
        "ids": [episode_id for episode_id, _ in ordered],
        "days": days,
        "firsts": list(firsts),
        "lasts": list(lasts),
        "ages": list(ages),
        "untils": list(untils),
    }


def _spans(days: Iterable[int]) -> list[tuple[int, int]]:
    """Return the spans of days, first and last, that launches from these sorted days cover."""
    spans: list[tuple[int, int]] = []
    for day in days:
        first = day
        if spans and day <= spans[-1][1] + 1:
            first, _ = spans.pop()
        spans.append((first, day + WINDOWS[-1] - 1))
    return spans


def add_up(starts: Iterable[Start], rows: Iterable[tuple[Any, ...]]) -> dict[Start, Sums]:
    """Return the sums of each start from the rows of `COUNTS`."""
    counted: dict[tuple[int, int], Number | None] = {
        (episode_id, age): downloads for episode_id, age, downloads in rows
    }
    sums: dict[Start, Sums] = {}
    for episode_id, day in starts:
        total: float | None = None
        ages: list[float | None] = []
        for age, _ in _STRETCHES:
            downloads = counted.get((episode_id, age))
            if downloads is not None:
                total = (total or 0.0) + float(downloads)
            ages.append(total)
        sums[episode_id, day] = tuple(ages)
    return sums
