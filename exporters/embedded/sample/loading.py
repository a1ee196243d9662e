"""Puts the sample into a database, and brings one that is there up to a later day."""

from datetime import date, timedelta
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from exporters.core.errors import StartError
from exporters.embedded.sample import model, people, rows
from exporters.embedded.sample.batch import copy, statement
from exporters.embedded.sample.episodes import SEED, Episode, episodes
from exporters.embedded.sample.scaled import stretched
from exporters.embedded.sample.splits import TIERS
from exporters.embedded.sample.traffic import WINDOW_DAYS

# A day that was counted twice: feed_stats has no unique constraint.
_REPEATED_DAYS_AGO = 30
# Two commands that find an empty database at once load it once.
_LOCK = 7_305_150

# For one load only: memory for a hash of a million rows, no compiling of expressions that run for a
# second, coarse statistics until the server's own housekeeping makes better ones.
_SETTINGS = """
    SET LOCAL work_mem = '256MB';
    SET LOCAL maintenance_work_mem = '256MB';
    SET LOCAL jit = off;
    SET LOCAL default_statistics_target = 30;
    SET LOCAL statement_timeout = '300s';
    SET LOCAL lock_timeout = '300s';
"""


async def load(connection: AsyncConnection, today: date, *, seed: int = SEED) -> bool:
    """Create the app's tables and fill them with the two years before `today`, a UTC day.

    All or nothing, in one transaction. Returns False, having done nothing, when the database has
    the sample already: `advance` brings that one up to date. Raises StartError when it has a table
    of the same name that is not the sample's.
    """
    return await _load(connection, today, episodes(today, seed=seed), WINDOW_DAYS, seed)


async def load_scaled(
    connection: AsyncConnection,
    today: date,
    *,
    episode_rows: int = 2_000,
    stats_rows: int = 3_000_000,
    seed: int = SEED,
) -> bool:
    """Fill the same tables at another scale, for benchmarks; `stats_rows` within a hundredth.

    Episodes of all shows that the app still counts appear one after the other over as many days as
    that takes, and have stats from their first day on. Otherwise as `load`; it cannot be advanced.
    """
    span = 2 * stats_rows // episode_rows
    return await _load(connection, today, stretched(today, episode_rows, span, seed), span, seed)


async def advance(connection: AsyncConnection, today: date) -> int:
    """Add what happened since the sample was made or last advanced; return the days added.

    The rows are those that the sample would have had on that day: new episodes by each show's rule,
    a day of stats for each that is out. Raises StartError when there is no sample of `load`.
    """
    async with connection.transaction():
        await _prepare(connection)
        made = await _made(connection)
        if made is None:
            raise StartError("this database holds no sample to bring up to date")
        born, seed, next_day = made
        if today <= next_day:
            return 0
        await _enter(connection, born, seed, today)
        await _add_days(connection, born, next_day, today)
        await connection.execute(statement("totals.sql"))
        return (today - next_day).days


async def made_on(connection: AsyncConnection) -> date | None:
    """Return the day on which the database's sample was made, None if it has none."""
    async with connection.transaction():
        made = await _made(connection)
    return made[0] if made else None


async def create_tables(connection: AsyncConnection) -> None:
    """Create the app's tables with all their constraints and indexes, and no rows."""
    async with connection.transaction():
        await connection.execute(statement("tables.sql"))
        await connection.execute(statement("constraints.sql"))


async def _load(
    connection: AsyncConnection, today: date, listed: list[Episode], window: int, seed: int
) -> bool:
    async with connection.transaction():
        await _prepare(connection)
        if await _made(connection) is not None:
            return False
        await _refuse_strangers(connection)
        await connection.execute(statement("tables.sql"))
        await connection.execute(statement("model.sql"))
        await connection.execute(
            "INSERT INTO sample.made VALUES (%s, %s, %s)", (today, seed, today)
        )
        await _fill(connection, today, listed, window, seed)
        await _add_days(connection, today, today - timedelta(days=window), today)
        await _repeat_a_feed_day(connection, today)
        for name in ("constraints.sql", "totals.sql", "finish.sql"):
            await connection.execute(statement(name))
    return True


async def _prepare(connection: AsyncConnection) -> None:
    """Take the sample's settings and its lock, both until the end of the transaction."""
    await connection.execute(_SETTINGS)
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))


async def _made(connection: AsyncConnection) -> tuple[date, int, date] | None:
    """Return the day on which the sample was made, its seed and the first day without stats."""
    if not await _has_table(connection, "sample.made"):
        return None
    found = await _first(connection, "SELECT born, seed, next_day FROM sample.made")
    return (found[0], found[1], found[2])


async def _has_table(connection: AsyncConnection, name: str) -> bool:
    return bool((await _first(connection, "SELECT to_regclass(%s) IS NOT NULL", name))[0])


async def _first(connection: AsyncConnection, query: str, *values: object) -> tuple[Any, ...]:
    """Return the first row of what has one, whatever rows the connection makes otherwise."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(query, values)
        return await cursor.fetchone() or ()


async def _refuse_strangers(connection: AsyncConnection) -> None:
    if await _has_table(connection, "podcasts"):
        raise StartError(
            "the database has a table podcasts that is not the sample's: give an empty database"
        )


async def _fill(
    connection: AsyncConnection, born: date, listed: list[Episode], window: int, seed: int
) -> None:
    """Fill every table but those of stats."""
    private = people.feeds(born, seed)
    for batch in (
        people.people(born, seed),
        rows.podcasts(born, seed),
        rows.episodes(listed, born),
        rows.feeds(private, born),
        people.news_items(born),
        people.subscriptions(born, seed, listed),
        model.curves(listed, born, window),
        model.split_rows(),
        model.readers(private, born),
    ):
        await copy(connection, batch)
    await connection.execute(statement("quiet.sql"), {"tiers": list(TIERS)})


async def _enter(connection: AsyncConnection, born: date, seed: int, today: date) -> None:
    """Add the episodes that were entered before `today` and are not there yet."""
    (newest,) = await _first(connection, "SELECT coalesce(max(id), 0) FROM episodes")
    new = [item for item in episodes(today, born=born, seed=seed) if item.id > newest]
    await copy(connection, rows.episodes(new, today))
    await copy(connection, model.curves(new, born, WINDOW_DAYS))


async def _add_days(connection: AsyncConnection, born: date, first: date, end: date) -> None:
    """Add the stats of the days from `first` to the one before `end`."""
    last = end - timedelta(days=1)
    await copy(connection, model.days(first, last, born))
    await connection.execute("ANALYZE sample.curves, sample.days, sample.splits, sample.quiet")
    values = {"first": first, "last": last, "tiers": list(TIERS)}
    await connection.execute(statement("stats.sql"), values)
    await connection.execute(statement("feed_stats.sql"), values)
    await connection.execute("UPDATE sample.made SET next_day = %s", (end,))


async def _repeat_a_feed_day(connection: AsyncConnection, born: date) -> None:
    await connection.execute(
        """
        INSERT INTO feed_stats (date, agents, podcast_id, feed_id, inserted_at, updated_at)
        SELECT date, agents, podcast_id, feed_id, inserted_at, updated_at
        FROM feed_stats
        WHERE date = %s AND podcast_id = 1
        """,
        (born - timedelta(days=_REPEATED_DAYS_AGO),),
    )
