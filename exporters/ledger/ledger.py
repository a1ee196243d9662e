"""The ledger, as those who measure and those who read see it."""

from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from psycopg.sql import SQL

from exporters.core.database import Database
from exporters.ledger.days import (
    calendar,
    close_days,
    closed_shows,
    open_days,
    refuse_closed,
)
from exporters.ledger.episodes import find_episodes, find_shows
from exporters.ledger.errors import Overtaken
from exporters.ledger.migrate import migrate
from exporters.ledger.model import Calendar, Known, Window
from exporters.ledger.recording import BATCH_MEMORY, Entry, Recording, recording

DEADLINE = 30.0
SEGMENT_MEMORY = timedelta(days=90)
"""How long a segment that was not deleted is known to have been recorded."""

_REPEATED = SQL(
    "SELECT digest FROM nearfield.batches"
    " WHERE digest = ANY (%(digests)s) AND counted_at > %(forgotten)s"
)
_ARCHIVED = SQL("SELECT digest FROM nearfield.files WHERE digest = ANY (%(digests)s)")
_FORGET_BATCHES = SQL("DELETE FROM nearfield.batches WHERE counted_at <= %(forgotten)s")
_FORGET_SEGMENTS = SQL("DELETE FROM nearfield.segments WHERE recorded_at <= %(forgotten)s")


@dataclass(frozen=True, slots=True)
class Ledger:
    """The durable truth about downloads. Every method raises SourceError where it cannot be asked.

    A worker needs up to two connections of `database` at a time.
    """

    database: Database
    window: Window = "calendar"
    """By which days that are not open yet will count."""
    close_after: timedelta = timedelta(hours=72)
    """How long after its end, and after its last line, a day can still change."""

    async def prepare(self) -> None:
        """Bring the schema up to this version; raises LedgerTooNew where it is ahead."""
        await migrate(self.database)

    async def calendar(self, now: datetime) -> Calendar:
        """Return which days take live lines."""
        return await calendar(self.database, now, self.close_after)

    async def know(
        self,
        visits: Collection[tuple[date, str]],
        episodes: Mapping[tuple[str, str], bool],
        shows: Collection[str],
        now: datetime,
        *,
        backfill: bool = False,
    ) -> Known:
        """Return what is known of what some lines are about; see `fastly.measure.Survey`.

        Days are opened, and episodes whose value is true are added. A backfill opens closed days
        afresh, and raises DayClosed where that would count lines twice. Raises Overtaken where the
        calendar is no longer that of which the lines were read.
        """
        new = [pair for pair, sound in episodes.items() if sound]
        found = await find_episodes(self.database, episodes.keys(), new, now)
        known_shows = await find_shows(self.database, shows)
        wanted = {(day, show) for day, show in visits if show in known_shows}
        if backfill:
            await refuse_closed(self.database, wanted)
        wanted_days = {day for day, _ in wanted}
        days = await open_days(self.database, wanted_days, self.window, now, afresh=backfill)
        if wanted_days - days.keys():
            raise Overtaken("a day was closed while its lines were read")
        return Known(
            episodes=found,
            shows=known_shows,
            days=days,
            closed=await closed_shows(self.database, wanted_days, known_shows),
        )

    async def repeated(self, digests: Collection[str], now: datetime) -> frozenset[str]:
        """Return those of the batches that were counted within the last 24 hours."""
        params = {"digests": list(digests), "forgotten": now - BATCH_MEMORY}
        rows = await self.database.fetch(_REPEATED, params, deadline=DEADLINE)
        return frozenset(digest for (digest,) in rows)

    async def archived(self, digests: Collection[str]) -> frozenset[str]:
        """Return those of the archived files, or of their parts, that were counted."""
        params = {"digests": list(digests)}
        rows = await self.database.fetch(_ARCHIVED, params, deadline=DEADLINE)
        return frozenset(digest for (digest,) in rows)

    def recording(self, entry: Entry) -> AbstractAsyncContextManager[Recording]:
        """Open the transaction of a segment; see `recording.recording`."""
        return recording(self.database, entry)

    async def tidy(self, now: datetime) -> list[date]:
        """Close days that can no longer change, and forget what nobody can repeat any more."""
        async with self.database.writing() as connection:
            await connection.execute(_FORGET_BATCHES, {"forgotten": now - BATCH_MEMORY})
            await connection.execute(_FORGET_SEGMENTS, {"forgotten": now - SEGMENT_MEMORY})
        return await close_days(self.database, now, self.close_after)
