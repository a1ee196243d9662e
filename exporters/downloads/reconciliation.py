"""The stream's files' worth of bytes against the app's: whether both count a day alike."""

from collections.abc import Callable
from datetime import UTC, datetime

from psycopg.sql import SQL

from exporters.core.database import Database
from exporters.core.snapshot import Sheet
from exporters.downloads import metrics
from exporters.downloads.schema import Column, Kind, Table
from exporters.downloads.source import Part, Reader
from exporters.ledger.reads import read_equivalents

_DEADLINE = 10.0
_TABLES = (
    Table("podcasts", (Column("id", Kind.IDENTITY), Column("slug", Kind.TEXT))),
    Table("episodes", (Column("id", Kind.IDENTITY), Column("podcast_id", Kind.IDENTITY))),
    Table(
        "episode_stats",
        (
            Column("episode_id", Kind.IDENTITY),
            Column("date", Kind.DAY),
            Column("downloads", Kind.NUMBER),
        ),
    ),
)
# The newest entry of the unique index on (date, episode_id) before today, see `launches.py`.
_LAST_WHOLE_DAY = SQL(
    "SELECT date FROM episode_stats WHERE date < %(today)s ORDER BY date DESC LIMIT 1"
)
_DOWNLOADS = SQL(
    """
    SELECT podcasts.slug, sum(episode_stats.downloads)::float8
    FROM episode_stats
    INNER JOIN episodes ON episodes.id = episode_stats.episode_id
    INNER JOIN podcasts ON podcasts.id = episodes.podcast_id
    WHERE episode_stats.date = %(day)s
    GROUP BY podcasts.slug
    """
)
# A show's first day began with its first line: it is not whole.
_STREAM_DAYS = SQL(
    """
    SELECT podcast, max(day) FROM nearfield.show_days WHERE day <= %(last)s
    GROUP BY podcast HAVING min(day) < max(day)
    """
)


class Reconciliation:
    """Compares app and stream on the newest UTC day that is whole in both, show by show."""

    def __init__(
        self, ledger: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._ledger = ledger
        self._clock = clock

    async def read(self, reader: Reader) -> Sheet:
        """Return the ratios; none for a show that one of them does not have on that day."""
        last = await reader.rows(_LAST_WHOLE_DAY, {"today": self._clock().date()})
        if not last:
            return metrics.reconciliation({})
        shows = await self._ledger.fetch(_STREAM_DAYS, {"last": last[0][0]}, deadline=_DEADLINE)
        ratios: dict[str, float] = {}
        for day in {day for _, day in shows}:
            stream = await read_equivalents(self._ledger, day, deadline=_DEADLINE)
            app: dict[str, float] = dict(await reader.rows(_DOWNLOADS, {"day": day}))
            ratios |= {
                show: stream[show] / app[show]
                for show, its_day in shows
                if its_day == day and show in stream and (app.get(show) or 0) > 0
            }
        return metrics.reconciliation(ratios)


def reconciliation(ledger: Database) -> Part:
    """Return the part, which asks the ledger beside the app's database."""
    return Part("reconciliation", _TABLES, Reconciliation(ledger).read)
