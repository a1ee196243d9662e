"""What the ledger tells the metrics of the log stream. Every query here reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from exporters.core.database import Database
from exporters.ledger.counting import YOUNG

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
    """Downloads within each of LAUNCH_DAYS, as far as the ledger was there."""
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
    began: Mapping[str, datetime]
    """The first hour of each show that has requests: of launches before it nobody knows."""
    last_day: date | None
    """The newest UTC day with requests."""


# Those with requests, and young ones, whose counters are to begin at 0.
_EPISODES = SQL(
    """
    SELECT
        e.podcast, e.episode, e.published_at, e.seen_at,
        coalesce(t.downloads, 0), coalesce(t.requests, 0), coalesce(t.sent, 0),
        coalesce(t.launch_1, 0), coalesce(t.launch_3, 0), coalesce(t.launch_7, 0),
        coalesce(t.launch_30, 0), coalesce(t.launch_90, 0),
        coalesce(t.tenths, array_fill(0::bigint, ARRAY[10]))
    FROM nearfield.episodes AS e
    LEFT JOIN nearfield.totals AS t ON t.episode_id = e.id
    WHERE t.episode_id IS NOT NULL OR coalesce(e.published_at, e.seen_at) > %(young_from)s
    ORDER BY coalesce(e.published_at, e.seen_at) DESC, e.id
    """
)
# A sum over workers: each has counted by itself.
_COUNTERS = SQL(
    "SELECT family, podcast, label, sum(peak)::bigint FROM nearfield.counters"
    " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)
_SUBSCRIBERS = SQL(
    """
    SELECT podcast, app, sum(subscribers)::bigint FROM nearfield.readers
    WHERE seen_at > %(since)s GROUP BY podcast, app
    """
)
# Days first: they are few where hours are many.
_BEGAN = SQL(
    """
    SELECT s.podcast, min(h.hour)
    FROM (SELECT podcast, min(day) AS day FROM nearfield.show_days GROUP BY podcast) AS s
    INNER JOIN nearfield.hours AS h
        ON h.hour >= s.day::timestamp AT TIME ZONE 'UTC'
        AND h.hour < (s.day + 1)::timestamp AT TIME ZONE 'UTC'
    INNER JOIN nearfield.episodes AS e ON e.id = h.episode_id AND e.podcast = s.podcast
    GROUP BY s.podcast
    """
)
_LAST_DAY = SQL("SELECT (max(hour) AT TIME ZONE 'UTC')::date FROM nearfield.hours")


async def read_stream(database: Database, now: datetime, *, deadline: float) -> StreamSnapshot:
    """Return what the log stream has come to. Raises SourceError, also before the first migration.

    Meant to be asked every few seconds: it reads sums, not hours.
    """
    async with database.reading(deadline) as connection:
        days = await _rows(connection, _LAST_DAY)
        return StreamSnapshot(
            episodes=[
                _episode(row)
                for row in await _rows(connection, _EPISODES, {"young_from": now - YOUNG})
            ],
            counters=[LiveCount(*row) for row in await _rows(connection, _COUNTERS)],
            subscribers=[
                Subscribers(*row)
                for row in await _rows(connection, _SUBSCRIBERS, {"since": now - READERS_EXPIRE})
            ],
            began=dict(await _rows(connection, _BEGAN)),
            last_day=days[0][0],
        )


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
