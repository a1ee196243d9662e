"""What a week came to, and who tells people about it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, LiteralString

from exporters.core.database import Database

# Downloads of each show in the week and in the week before, the largest first.
_SHOWS: Final[LiteralString] = """
SELECT
    podcast,
    coalesce(sum(downloads) FILTER (WHERE hour >= %(first)s), 0)::bigint,
    coalesce(sum(downloads) FILTER (WHERE hour < %(first)s), 0)::bigint
FROM nearfield.episode_hours
WHERE hour >= %(before)s AND hour < %(end)s
GROUP BY podcast
ORDER BY 2 DESC, podcast
"""

# The episode of those published in the week that had the most downloads by its end.
_LAUNCH: Final[LiteralString] = """
SELECT e.podcast, e.episode, coalesce(e.title, ''), sum(h.downloads)::bigint
FROM nearfield.episodes AS e
INNER JOIN nearfield.hours AS h ON h.episode_id = e.id
WHERE
    e.published_at >= %(first)s AND e.published_at < %(end)s
    AND h.hour >= %(first)s AND h.hour < %(end)s
GROUP BY e.id
HAVING sum(h.downloads) > 0
ORDER BY 4 DESC, e.podcast, e.episode
LIMIT 1
"""

# Downloads of the week by country, without those of which it is not known.
_COUNTRIES: Final[LiteralString] = """
SELECT country, sum(downloads)::bigint
FROM nearfield.episode_countries
WHERE day >= %(first_day)s AND day < %(end_day)s AND country <> ''
GROUP BY country
HAVING sum(downloads) > 0
ORDER BY 2 DESC, country
"""

_TAKEN: Final[LiteralString] = "SELECT FROM nearfield.digests WHERE due_at = %(due)s"

# True for the one process whose name stands in the row, however many ask and however often.
_TAKE: Final[LiteralString] = """
WITH written AS (
    INSERT INTO nearfield.digests (due_at, sender) VALUES (%(due)s, %(sender)s)
    ON CONFLICT (due_at) DO NOTHING
    RETURNING 1
)

SELECT
    EXISTS (SELECT FROM written)
    OR EXISTS (
        SELECT FROM nearfield.digests WHERE due_at = %(due)s AND sender = %(sender)s
    )
"""


@dataclass(frozen=True, slots=True)
class ShowWeek:
    """Downloads of a show in a week, and in the week before."""

    podcast: str
    downloads: int
    before: int


@dataclass(frozen=True, slots=True)
class Launch:
    """An episode that was published in a week, with its downloads by the end of it."""

    podcast: str
    episode: str
    title: str
    """Empty where nobody told it."""
    downloads: int


@dataclass(frozen=True, slots=True)
class Week:
    """What seven UTC days came to: those from `first` on."""

    first: date
    shows: tuple[ShowWeek, ...]
    """The largest first."""
    launch: Launch | None
    countries: tuple[tuple[str, int], ...]
    """Downloads by ISO 3166 code, the most first; those of no known country are left out."""


async def read_week(ledger: Database, first: date, *, deadline: float) -> Week:
    """Return what the seven UTC days from `first` on came to. Raises SourceError."""
    begin = datetime.combine(first, time(), UTC)
    week = timedelta(days=7)
    asked = {
        "before": begin - week,
        "first": begin,
        "end": begin + week,
        "first_day": first,
        "end_day": first + week,
    }
    async with ledger.reading(deadline) as connection:
        shows = await (await connection.execute(_SHOWS, asked)).fetchall()
        launches = await (await connection.execute(_LAUNCH, asked)).fetchall()
        countries = await (await connection.execute(_COUNTRIES, asked)).fetchall()
    return Week(
        first,
        tuple(ShowWeek(*row) for row in shows),
        Launch(*launches[0]) if launches else None,
        tuple((country, downloads) for country, downloads in countries),
    )


async def is_taken(ledger: Database, due: datetime, *, deadline: float) -> bool:
    """Return whether some process took on the digest that was due then. Raises SourceError."""
    return bool(await ledger.fetch(_TAKEN, {"due": due}, deadline=deadline))


async def take(ledger: Database, due: datetime, sender: str) -> bool:
    """Return whether `sender` is the one to send the digest that was due then.

    True for exactly one sender, however often and by how many it is asked. Raises SourceError.
    """
    async with ledger.writing() as connection:
        cursor = await connection.execute(_TAKE, {"due": due, "sender": sender})
        found = await cursor.fetchone()
    return bool(found and found[0])
