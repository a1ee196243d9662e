"""The app's stats by day: launch windows, read again when they changed, and the newest day."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from time import monotonic

from psycopg.sql import SQL

from exporters.core.database import Rows
from exporters.core.snapshot import Sheet
from exporters.downloads import metrics
from exporters.downloads.episodes import FROM_PUBLIC, PUBLIC_EPISODE, SHOW_OF_EPISODE
from exporters.downloads.model import Launch
from exporters.downloads.schema import Column, Kind, Table
from exporters.downloads.source import Part, Reader
from exporters.downloads.windows import COUNTS, Start, Sums, add_up, wanted

REREAD = 600.0
"""Seconds after which everything is read again, whatever the server says about changes."""

_PUBLIC = SQL(
    """
    SELECT
        episodes.id,
        episodes.published_at::date - DATE '1970-01-01',
        podcasts.slug,
        episodes.slug
    """
    + FROM_PUBLIC
)

# The newest entry of the unique index on (date, episode_id). max(date) would read all of them: over
# the narrowed tables PostgreSQL does not see that the last one will do.
_LAST_DAY = SQL(
    """
    SELECT extract(EPOCH FROM date)::float8
    FROM episode_stats
    WHERE date < 'infinity'
    ORDER BY date DESC
    LIMIT 1
    """
)


class Launches:
    """Reads launch windows, and keeps them until the table of stats has changed.

    The app writes its stats once a day. To read some hundred thousand wide rows of a production
    database every minute, for what was there before, would be no manners.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[Start, Sums] = {}
        self._revision: str | None = None
        self._read_at = 0.0

    async def read(self, reader: Reader) -> Sheet:
        """Return the rows of every public episode, the newest first."""
        # The revision first: what changes in between is then read once more instead of missed.
        revision = await reader.revision("episode_stats")
        public = await reader.rows(_PUBLIC)
        starts = {(episode_id, day) for episode_id, day, *_ in public}
        kept = self._still_true(revision)
        sums = kept | await _sums(reader, starts - kept.keys())
        if not kept:
            self._read_at = self._clock()
        self._kept, self._revision = {start: sums[start] for start in starts}, revision
        return await asyncio.to_thread(_sheet, public, sums)

    def _still_true(self, revision: str | None) -> dict[Start, Sums]:
        unchanged = revision is not None and revision == self._revision
        return self._kept if unchanged and self._clock() - self._read_at < REREAD else {}


async def _sums(reader: Reader, starts: Collection[Start]) -> dict[Start, Sums]:
    if not starts:
        return {}
    rows = await reader.rows(COUNTS, wanted(starts))
    # Thousands of episodes are too much arithmetic for the event loop.
    return await asyncio.to_thread(add_up, starts, rows)


def _sheet(public: Rows, sums: Mapping[Start, Sums]) -> Sheet:
    return metrics.launches(
        Launch(podcast, episode, sums[episode_id, day])
        for episode_id, day, podcast, episode in public
    )


async def _last_day(reader: Reader) -> Sheet:
    rows = await reader.rows(_LAST_DAY)
    return metrics.last_day(rows[0][0] if rows else None)


_DATE = Column("date", Kind.DAY)

LAST_DAY = Part("stats", (Table("episode_stats", (_DATE,)),), _last_day)


def launches(clock: Callable[[], float] = monotonic) -> Part:
    """Return the part of the launch windows, with a memory of its own."""
    return Part(
        "launches",
        (
            SHOW_OF_EPISODE,
            Table("episodes", (Column("id", Kind.IDENTITY), *PUBLIC_EPISODE)),
            Table(
                "episode_stats",
                (Column("episode_id", Kind.IDENTITY), _DATE, Column("downloads", Kind.NUMBER)),
            ),
        ),
        Launches(clock).read,
    )
