"""What the ledger tells those who show it: metrics and reports. Every query here reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from exporters.core.database import Database

LAUNCH_DAYS = (1, 3, 7, 30, 90)
READERS_EXPIRE = timedelta(days=7)
"""How long a feed reader that stops asking still has its subscribers."""


@dataclass(frozen=True, slots=True)
class EpisodeTotals:
    """All-time sums of an episode."""

    podcast: str
    episode: str
    published_at: datetime | None
    seen_at: datetime
    """When the ledger first heard of it."""
    downloads: int
    """Listeners of each day, summed, are as many: nobody has two downloads of one on a day."""
    requests: int
    sent: int
    launch: tuple[int, ...]
    """Downloads within each of LAUNCH_DAYS."""
    tenths: tuple[int, ...]
    """How many got each tenth of the file."""


@dataclass(frozen=True, slots=True)
class LiveCount:
    """One series of a live counter. `label` is what tells it from others of its show, if any."""

    family: str
    """`downloads` (label: episode, or `older`), `app_downloads`, `country_downloads`,
    `delivered_bytes` (no label), `delivered_tenths` (`1` to `10`), `requests` (outcome) or
    `feed_requests` (app)."""
    podcast: str
    label: str
    value: int


@dataclass(frozen=True, slots=True)
class Subscribers:
    """How many people the readers of one app say they read a show's feed for."""

    podcast: str
    app: str
    subscribers: int


@dataclass(frozen=True, slots=True)
class StreamSnapshot:
    """What the log stream has come to, all of one moment."""

    episodes: Sequence[EpisodeTotals]
    counters: Sequence[LiveCount]
    subscribers: Sequence[Subscribers]
    last_day: date | None
    """The newest UTC day with requests."""


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One episode of a report."""

    podcast: str
    episode: str
    downloads: int
    listeners: int
    bytes: int
    file_equivalents: float | None
    """None where nobody told the size of the file; its downloads are those of a file with the
    configured bitrate."""
    requests: int


_EPISODES = SQL(
    """
    SELECT
        e.podcast, e.episode, e.published_at, e.seen_at, t.downloads, t.requests, t.sent,
        t.launch_1, t.launch_3, t.launch_7, t.launch_30, t.launch_90, t.tenths
    FROM nearfield.totals AS t
    INNER JOIN nearfield.episodes AS e ON e.id = t.episode_id
    """
)
# A sum over workers: each has counted by itself.
_COUNTERS = SQL(
    "SELECT family, podcast, label, sum(peak)::bigint FROM nearfield.counters GROUP BY 1, 2, 3"
)
_SUBSCRIBERS = SQL(
    """
    SELECT podcast, app, sum(subscribers)::bigint FROM nearfield.readers
    WHERE seen_at > %(since)s GROUP BY podcast, app
    """
)
_LAST_DAY = SQL("SELECT (max(hour) AT TIME ZONE 'UTC')::date FROM nearfield.hours")
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
        sum(h.requests)::bigint
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


async def read_stream(database: Database, now: datetime, *, deadline: float) -> StreamSnapshot:
    """Return what the log stream has come to. Raises SourceError, also before the first migration.

    Meant to be asked every few seconds: it reads sums, not hours.
    """
    async with database.reading(deadline) as connection:
        days = await _rows(connection, _LAST_DAY)
        return StreamSnapshot(
            episodes=[_episode(row) for row in await _rows(connection, _EPISODES)],
            counters=[LiveCount(*row) for row in await _rows(connection, _COUNTERS)],
            subscribers=[
                Subscribers(*row)
                for row in await _rows(connection, _SUBSCRIBERS, {"since": now - READERS_EXPIRE})
            ],
            last_day=days[0][0],
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


async def _rows(
    connection: AsyncConnection[TupleRow], query: SQL, params: Mapping[str, object] | None = None
) -> list[TupleRow]:
    return await (await connection.execute(query, params)).fetchall()


def _episode(row: TupleRow) -> EpisodeTotals:
    podcast, episode, published_at, seen_at, downloads, requests, sent, *launch, tenths = row
    return EpisodeTotals(
        podcast,
        episode,
        published_at,
        seen_at,
        downloads,
        requests,
        sent,
        launch=tuple(launch),
        tenths=tuple(tenths),
    )
