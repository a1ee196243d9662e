"""Shows and their subscribers: tables, queries, and the rows that they make.

Nothing is said of a draft. Without its state a show cannot be told from one, so all of these need
that column.
"""

from itertools import chain

from psycopg.sql import SQL

from exporters.core.snapshot import Sheet
from exporters.downloads import metrics, model
from exporters.downloads.schema import Column, Kind, Table
from exporters.downloads.source import Part, Reader

_SLUG = Column("slug", Kind.TEXT)
_STATUS = Column("status", Kind.NUMBER)

_SHOWS = SQL(
    """
    SELECT
        slug,
        name,
        status,
        download_count
    FROM podcasts
    WHERE status <> 0 AND slug IS NOT NULL
    ORDER BY slug
    """
)

_RSS = SQL(
    """
    SELECT
        slug,
        subscribers
    FROM podcasts
    WHERE status <> 0 AND slug IS NOT NULL
    ORDER BY slug
    """
)

# A show that nobody is subscribed to has 0: that much is known.
_EMAIL = SQL(
    """
    SELECT
        podcasts.slug,
        coalesce(active.subscribers, 0)
    FROM podcasts
    LEFT JOIN (
        SELECT
            podcast_id,
            count(*) AS subscribers
        FROM subscriptions
        WHERE unsubscribed_at IS NULL AND podcast_id IS NOT NULL
        GROUP BY podcast_id
    ) AS active ON active.podcast_id = podcasts.id
    WHERE podcasts.status <> 0 AND podcasts.slug IS NOT NULL
    ORDER BY podcasts.slug
    """
)


async def _shows(reader: Reader) -> Sheet:
    return metrics.shows(model.show(row) for row in await reader.rows(_SHOWS))


async def _rss(reader: Reader) -> Sheet:
    rows = await reader.rows(_RSS)
    return metrics.subscribers(chain.from_iterable(map(model.rss_subscribers, rows)))


async def _email(reader: Reader) -> Sheet:
    return metrics.subscribers(model.email_subscribers(row) for row in await reader.rows(_EMAIL))


SHOWS = Part(
    "podcasts",
    (
        Table(
            "podcasts",
            (
                _SLUG,
                _STATUS,
                Column("name", Kind.TEXT, optional=True),
                Column("download_count", Kind.NUMBER, optional=True),
            ),
        ),
    ),
    _shows,
)

RSS = Part(
    "rss_subscribers",
    (Table("podcasts", (_SLUG, _STATUS, Column("subscribers", Kind.JSON))),),
    _rss,
)

EMAIL = Part(
    "email_subscribers",
    (
        Table("podcasts", (Column("id", Kind.IDENTITY), _SLUG, _STATUS)),
        Table(
            "subscriptions",
            (Column("podcast_id", Kind.IDENTITY), Column("unsubscribed_at", Kind.MOMENT)),
        ),
    ),
    _email,
)
