"""Episodes: who knows their size and duration writes them, who hears of one first adds it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.sql import SQL

from exporters.core.database import Database
from exporters.ledger.model import Episode

DEADLINE = 30.0


@dataclass(frozen=True, slots=True)
class EpisodeFacts:
    """What an app's database or a file says of an episode; None where it says nothing."""

    podcast: str
    episode: str
    title: str | None = None
    audio_bytes: int | None = None
    duration_seconds: float | None = None
    published_at: datetime | None = None


_FIND = SQL(
    """
    SELECT e.id, e.podcast, e.episode, e.audio_bytes, e.duration_seconds
    FROM nearfield.episodes AS e
    INNER JOIN unnest(%(podcasts)s::text[], %(episodes)s::text[]) AS wanted (podcast, episode)
        ON wanted.podcast = e.podcast AND wanted.episode = e.episode
    """
)
_ADD = SQL(
    """
    INSERT INTO nearfield.episodes (podcast, episode, seen_at)
    SELECT podcast, episode, %(now)s
    FROM unnest(%(podcasts)s::text[], %(episodes)s::text[]) AS wanted (podcast, episode)
    ORDER BY podcast, episode
    ON CONFLICT DO NOTHING
    """
)
_SHOWS = SQL(
    """
    SELECT show FROM unnest(%(shows)s::text[]) AS wanted (show)
    WHERE EXISTS (SELECT FROM nearfield.episodes WHERE podcast = show)
    """
)
# What somebody does not say stays as it is. Rows that say nothing new are not written.
_WRITE = SQL(
    """
    INSERT INTO nearfield.episodes AS e (
        podcast, episode, title, audio_bytes, duration_seconds, published_at, seen_at
    )
    SELECT DISTINCT ON (podcast, episode)
        podcast, episode, title, nullif(audio_bytes, 0), nullif(duration_seconds, 0), published_at,
        %(now)s
    FROM unnest(
        %(podcasts)s::text[], %(episodes)s::text[], %(titles)s::text[], %(sizes)s::bigint[],
        %(durations)s::float8[], %(dates)s::timestamptz[]
    ) AS given (podcast, episode, title, audio_bytes, duration_seconds, published_at)
    ORDER BY podcast, episode
    ON CONFLICT (podcast, episode) DO UPDATE SET
        title = coalesce(excluded.title, e.title),
        audio_bytes = coalesce(excluded.audio_bytes, e.audio_bytes),
        duration_seconds = coalesce(excluded.duration_seconds, e.duration_seconds),
        published_at = coalesce(excluded.published_at, e.published_at)
    WHERE
        (e.title, e.audio_bytes, e.duration_seconds, e.published_at) IS DISTINCT FROM (
            coalesce(excluded.title, e.title),
            coalesce(excluded.audio_bytes, e.audio_bytes),
            coalesce(excluded.duration_seconds, e.duration_seconds),
            coalesce(excluded.published_at, e.published_at)
        )
    RETURNING id
    """
)
# Launch windows of episodes whose date may be another, from the hours: what is left of downloads
# when their listeners are forgotten.
_LAUNCH = SQL(
    """
    UPDATE nearfield.totals AS t
    SET launch_1 = n.d1, launch_3 = n.d3, launch_7 = n.d7, launch_30 = n.d30, launch_90 = n.d90
    FROM (
        SELECT
            e.id,
            coalesce(sum(h.downloads) FILTER (WHERE l.launch <= 1), 0) AS d1,
            coalesce(sum(h.downloads) FILTER (WHERE l.launch <= 3), 0) AS d3,
            coalesce(sum(h.downloads) FILTER (WHERE l.launch <= 7), 0) AS d7,
            coalesce(sum(h.downloads) FILTER (WHERE l.launch <= 30), 0) AS d30,
            coalesce(sum(h.downloads) FILTER (WHERE l.launch <= 90), 0) AS d90
        FROM nearfield.episodes AS e
        LEFT JOIN nearfield.hours AS h ON h.episode_id = e.id
        LEFT JOIN LATERAL (
            SELECT nearfield.launch_of(h.hour, e.published_at) AS launch
        ) AS l ON true
        WHERE e.id = ANY (%(ids)s)
        GROUP BY e.id
    ) AS n
    WHERE t.episode_id = n.id
    """
)


async def write_episodes(database: Database, facts: Collection[EpisodeFacts], now: datetime) -> int:
    """Tell the ledger about episodes; return how many of them were new or had changed.

    Raises SourceError.
    """
    params = {
        "podcasts": [f.podcast for f in facts],
        "episodes": [f.episode for f in facts],
        "titles": [f.title for f in facts],
        "sizes": [f.audio_bytes for f in facts],
        "durations": [f.duration_seconds for f in facts],
        "dates": [f.published_at for f in facts],
        "now": now,
    }
    async with database.writing() as connection:
        await connection.execute("SET LOCAL TimeZone = 'UTC'")
        changed = [row[0] for row in await (await connection.execute(_WRITE, params)).fetchall()]
        if changed:
            # Locked in the order in which recording locks them.
            await connection.execute(
                "SELECT FROM nearfield.totals WHERE episode_id = ANY (%(ids)s)"
                " ORDER BY episode_id FOR UPDATE",
                {"ids": changed},
            )
            await connection.execute(_LAUNCH, {"ids": changed})
    return len(changed)


async def find_episodes(
    database: Database,
    pairs: Collection[tuple[str, str]],
    new: Collection[tuple[str, str]],
    now: datetime,
) -> Sequence[Episode]:
    """Return those of the pairs of podcast and episode that are episodes; those in `new` become so.

    Raises SourceError.
    """
    found = await _find(database, pairs)
    missing = set(new) - {(episode.podcast, episode.episode) for episode in found}
    if missing:
        podcasts, names = zip(*missing, strict=True)
        params = {"podcasts": list(podcasts), "episodes": list(names), "now": now}
        async with database.writing() as connection:
            await connection.execute(_ADD, params)
        found = await _find(database, pairs)
    return found


async def find_shows(database: Database, shows: Collection[str]) -> frozenset[str]:
    """Return those of the podcasts that have an episode. Raises SourceError."""
    rows = await database.fetch(_SHOWS, {"shows": list(shows)}, deadline=DEADLINE)
    return frozenset(show for (show,) in rows)


async def _find(database: Database, pairs: Collection[tuple[str, str]]) -> list[Episode]:
    params = {"podcasts": [p for p, _ in pairs], "episodes": [e for _, e in pairs]}
    rows = await database.fetch(_FIND, params, deadline=DEADLINE)
    return [Episode(*row) for row in rows]
