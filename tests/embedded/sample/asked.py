"""Questions that several tests ask of a database with the sample."""

from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

TABLES = (
    "people",
    "podcasts",
    "episodes",
    "episode_stats",
    "feeds",
    "feed_stats",
    "news_items",
    "subscriptions",
)


def rows(connection: psycopg.Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    return connection.execute(query, values).fetchall()


def number(connection: psycopg.Connection, query: str, *values: object) -> float:
    """Return the only value of the only row as a number."""
    ((value,),) = connection.execute(query, values).fetchall()
    return float(value)


def digest(dsn: str, tables: tuple[str, ...] = TABLES) -> dict[str, str]:
    """Return a number for each table that changes with any value in any of its rows."""
    query = SQL(
        "SELECT sum(hashtextextended(row::text, 0)::numeric) || '/' || count(*) FROM {} row"
    )
    with psycopg.connect(dsn) as connection:
        return {
            table: connection.execute(query.format(Identifier(table))).fetchall()[0][0]
            for table in tables
        }
