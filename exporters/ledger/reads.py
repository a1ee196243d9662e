"""What the ledger tells reports. Every query here reads only."""

from dataclasses import dataclass
from datetime import date

from psycopg.sql import SQL

from exporters.core.database import Database


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One episode of a report."""

    podcast: str
    episode: str
    downloads: int
    listeners: int
    bytes: int
    file_equivalents: float | None
    """None where nobody told the size of the file."""
    requests: int
    assumed: bool = False
    """Whether nobody told size or duration: measured as a file with the configured bitrate."""


_EQUIVALENTS = SQL(
    """
    SELECT e.podcast, sum(h.sent / e.audio_bytes::float8)
    FROM nearfield.hours AS h
    INNER JOIN nearfield.episodes AS e ON e.id = h.episode_id
    WHERE
        h.hour >= %(day)s::date::timestamp AT TIME ZONE 'UTC'
        AND h.hour < (%(day)s::date + 1)::timestamp AT TIME ZONE 'UTC'
        AND e.audio_bytes IS NOT NULL
    GROUP BY e.podcast
    """
)
_REPORT = SQL(
    """
    SELECT
        e.podcast, e.episode, sum(h.downloads)::bigint, sum(h.downloads)::bigint,
        sum(h.sent)::bigint, round(sum(h.sent) / max(e.audio_bytes), 2)::float8,
        sum(h.requests)::bigint, bool_or(e.audio_bytes IS NULL OR e.duration_seconds IS NULL)
    FROM nearfield.hours AS h
    INNER JOIN nearfield.episodes AS e ON e.id = h.episode_id
    WHERE
        h.hour >= %(first)s::date::timestamp AT TIME ZONE 'UTC'
        AND h.hour < %(end)s::date::timestamp AT TIME ZONE 'UTC'
        AND (%(podcast)s::text IS NULL OR e.podcast = %(podcast)s)
    GROUP BY e.podcast, e.episode
    ORDER BY e.podcast, sum(h.downloads) DESC, e.episode
    """
)


async def read_equivalents(database: Database, day: date, *, deadline: float) -> dict[str, float]:
    """Return each show's file equivalents on a UTC day: bytes sent divided by sizes of files."""
    return dict(await database.fetch(_EQUIVALENTS, {"day": day}, deadline=deadline))


async def read_report(
    database: Database, first: date, end: date, podcast: str | None = None, *, deadline: float
) -> list[ReportRow]:
    """Return a row for each episode with requests on the UTC days from `first` to before `end`."""
    params = {"first": first, "end": end, "podcast": podcast}
    return [ReportRow(*row) for row in await database.fetch(_REPORT, params, deadline=deadline)]
