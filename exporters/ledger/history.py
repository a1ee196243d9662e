"""What the ledger holds by the hour, series by series: the history of live counters."""

from collections.abc import AsyncIterator, Collection
from datetime import date

from psycopg.sql import SQL

from exporters.core.database import Database
from exporters.ledger.counting import YOUNG

DEADLINE = 3600.0
"""Seconds for a query, its rows being written to disk as they come."""

Sum = tuple[tuple[str, ...], int, int]
"""Label values, hour since 1970, what the hour adds. Series by series, hours in order."""

# As the live counter has it: an episode has its name while it is young, by its publication or else
# by its first request.
_DOWNLOADS = SQL(
    """
    SELECT
        e.podcast,
        CASE
            WHEN coalesce(e.published_at, f.first_hour) > h.hour - %(young)s THEN e.episode
            ELSE 'older'
        END AS label,
        (extract(EPOCH FROM h.hour) / 3600)::bigint AS at,
        sum(h.downloads)::bigint
    FROM nearfield.hours AS h
    INNER JOIN nearfield.episodes AS e ON e.id = h.episode_id
    INNER JOIN (
        SELECT episode_id, min(hour) AS first_hour FROM nearfield.hours GROUP BY episode_id
    ) AS f ON f.episode_id = h.episode_id
    INNER JOIN unnest(%(days)s::date[], %(podcasts)s::text[]) AS w (day, podcast)
        ON w.podcast = e.podcast AND w.day = (h.hour AT TIME ZONE 'UTC')::date
    GROUP BY e.podcast, label, at
    HAVING sum(h.downloads) <> 0
    ORDER BY e.podcast, label, at
    """
)
_REQUESTS = SQL(
    """
    SELECT o.podcast, o.outcome, (extract(EPOCH FROM o.hour) / 3600)::bigint AS at, o.requests
    FROM nearfield.outcomes AS o
    INNER JOIN unnest(%(days)s::date[], %(podcasts)s::text[]) AS w (day, podcast)
        ON w.podcast = o.podcast AND w.day = (o.hour AT TIME ZONE 'UTC')::date
    WHERE o.requests <> 0
    ORDER BY o.podcast, o.outcome, at
    """
)
_DELIVERED = SQL(
    """
    SELECT e.podcast, (extract(EPOCH FROM h.hour) / 3600)::bigint AS at, sum(h.sent)::bigint
    FROM nearfield.hours AS h
    INNER JOIN nearfield.episodes AS e ON e.id = h.episode_id
    INNER JOIN unnest(%(days)s::date[], %(podcasts)s::text[]) AS w (day, podcast)
        ON w.podcast = e.podcast AND w.day = (h.hour AT TIME ZONE 'UTC')::date
    GROUP BY e.podcast, at
    HAVING sum(h.sent) <> 0
    ORDER BY e.podcast, at
    """
)

Visits = Collection[tuple[date, str]]
"""UTC days and podcasts."""


def downloads_by_hour(database: Database, visits: Visits) -> AsyncIterator[Sum]:
    """Yield downloads by podcast and episode, `older` from its 90th day on. Raises SourceError."""
    return _sums(database, _DOWNLOADS, visits)


def requests_by_hour(database: Database, visits: Visits) -> AsyncIterator[Sum]:
    """Yield requests for audio by podcast and outcome. Raises SourceError."""
    return _sums(database, _REQUESTS, visits)


def delivered_by_hour(database: Database, visits: Visits) -> AsyncIterator[Sum]:
    """Yield bytes of bodies by podcast. Raises SourceError."""
    return _sums(database, _DELIVERED, visits)


async def _sums(database: Database, query: SQL, visits: Visits) -> AsyncIterator[Sum]:
    params = {
        "days": [day for day, _ in visits],
        "podcasts": [podcast for _, podcast in visits],
        "young": YOUNG,
    }
    async with database.reading(DEADLINE) as connection, connection.cursor() as cursor:
        async for *labels, hour, added in cursor.stream(query, params):
            yield tuple(labels), hour, added
