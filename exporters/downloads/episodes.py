"""Public episodes: which they are, what is read of them, and the rows that it makes.

Public is what the app calls so: published, and not in the future. Drafts and what is scheduled
never leave the database, since a title may be the news.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import LiteralString, TypeAlias

from psycopg.sql import SQL

from exporters.core.snapshot import Sheet
from exporters.downloads import metrics, model
from exporters.downloads.schema import Column, Kind, Table
from exporters.downloads.source import Part, Reader

# An episode is public by itself; its show's state takes it away only where that is known to be
# draft, so it may be missing.
SHOW_OF_EPISODE = Table(
    "podcasts",
    (
        Column("id", Kind.IDENTITY),
        Column("slug", Kind.TEXT),
        Column("status", Kind.NUMBER, optional=True),
    ),
)

PUBLIC_EPISODE = (
    Column("podcast_id", Kind.IDENTITY),
    Column("slug", Kind.TEXT),
    Column("published", Kind.FLAG),
    Column("published_at", Kind.MOMENT),
)

# Newest first: over a limit it is the oldest that have no place.
FROM_PUBLIC: LiteralString = """
    FROM episodes
    INNER JOIN podcasts ON podcasts.id = episodes.podcast_id
    WHERE
        episodes.published
        AND episodes.published_at <= now()
        AND isfinite(episodes.published_at)
        AND podcasts.status IS DISTINCT FROM 0
        AND podcasts.slug IS NOT NULL
        AND episodes.slug IS NOT NULL
    ORDER BY episodes.published_at DESC, podcasts.slug, episodes.slug
"""

_EPISODES = SQL(
    """
    SELECT
        podcasts.slug,
        episodes.slug,
        episodes.title,
        episodes.type,
        extract(EPOCH FROM episodes.published_at)::float8,
        episodes.audio_bytes,
        episodes.audio_duration,
        episodes.download_count,
        episodes.reach_count
    """
    + FROM_PUBLIC
)


Told: TypeAlias = Callable[[Sequence[model.Episode]], None]
"""Told of all public episodes whenever they were read."""

_TABLES = (
    SHOW_OF_EPISODE,
    Table(
        "episodes",
        (
            *PUBLIC_EPISODE,
            Column("title", Kind.TEXT, optional=True),
            Column("type", Kind.NUMBER, optional=True),
            Column("audio_bytes", Kind.NUMBER, optional=True),
            Column("audio_duration", Kind.NUMBER, optional=True),
            Column("download_count", Kind.NUMBER, optional=True),
            Column("reach_count", Kind.NUMBER, optional=True),
        ),
    ),
)


def episodes(told: Told = lambda _: None) -> Part:
    """Return the part of the episodes, which tells somebody else of them too."""

    async def read(reader: Reader) -> Sheet:
        rows = await reader.rows(_EPISODES)
        # Some ten milliseconds for each thousand: not on the event loop.
        found = await asyncio.to_thread(lambda: list(map(model.episode, rows)))
        told(found)
        return await asyncio.to_thread(metrics.episodes, found)

    return Part("episodes", _TABLES, read)
