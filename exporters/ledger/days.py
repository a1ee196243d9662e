"""UTC days: opened with a key by the first line, closed and forgotten when they cannot change."""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from secrets import token_bytes
from typing import LiteralString

from psycopg import AsyncConnection
from psycopg.errors import LockNotAvailable
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composed, Identifier, Literal

from exporters.core.database import Database
from exporters.ledger.errors import DayClosed
from exporters.ledger.model import Calendar, Day, Window

DEADLINE = 30.0
"""Seconds for each of the small questions here."""
_DAY = timedelta(days=1)
SLACK = timedelta(minutes=1)
"""How far `written_at` may lag behind the last line: it is not worth a write each second."""

_CALENDAR = SQL(
    "SELECT day, key IS NOT NULL FROM nearfield.days WHERE key IS NOT NULL OR day >= %(since)s"
)
_STATE = SQL(
    "SELECT day, key, count_window FROM nearfield.days WHERE day = ANY (%(days)s) ORDER BY day"
)
# Two workers that open the same day take the key of the first. Only a backfill opens a day afresh.
_INSERT = SQL(
    """
    INSERT INTO nearfield.days AS d (day, key, count_window, written_at)
    VALUES (%(day)s, %(key)s, %(window)s, %(now)s)
    ON CONFLICT (day) DO UPDATE SET
        key = excluded.key, count_window = excluded.count_window,
        written_at = excluded.written_at, closed_at = NULL
    WHERE d.key IS NULL AND %(afresh)s
    """
)
_CLOSED_SHOWS = SQL(
    """
    SELECT day, podcast FROM nearfield.show_days
    WHERE day = ANY (%(days)s) AND podcast = ANY (%(shows)s) AND closed
    """
)
# KEY SHARE: any number of workers write to a day, nobody closes it meanwhile.
_HOLD = SQL(
    "SELECT day, key FROM nearfield.days WHERE day = ANY (%(days)s) ORDER BY day FOR KEY SHARE"
)
_IS_DUE: LiteralString = """
    {d}.key IS NOT NULL
    AND greatest(({d}.day + 1)::timestamp AT TIME ZONE 'UTC', {d}.written_at) < %(before)s
"""
_DUE = SQL(
    """
    SELECT d.day FROM nearfield.days AS d
    LEFT JOIN nearfield.days AS n ON n.day = d.day + 1 AND n.count_window <> 'calendar'
    WHERE {due} AND (n.key IS NULL OR ({next_due}))
    ORDER BY d.day
    """
).format(due=SQL(_IS_DUE).format(d=SQL("d")), next_due=SQL(_IS_DUE).format(d=SQL("n")))
_CLOSE = SQL(
    "UPDATE nearfield.days AS d SET key = NULL, closed_at = %(now)s WHERE d.day = %(day)s AND {due}"
).format(due=SQL(_IS_DUE).format(d=SQL("d")))
_CLOSE_SHOWS = SQL("UPDATE nearfield.show_days SET closed = true WHERE day = %(day)s")


def partition(day: date) -> Identifier:
    """Return the name of a day's partition of listeners, schema and all."""
    return Identifier("nearfield", f"listeners_{day:%Y%m%d}")


async def calendar(database: Database, now: datetime, close_after: timedelta) -> Calendar:
    """Return which days take live lines."""
    since = (now.astimezone(UTC) - close_after).date()
    rows = await database.fetch(_CALENDAR, {"since": since}, deadline=DEADLINE)
    return Calendar(
        open=frozenset(day for day, is_open in rows if is_open),
        since=since,
        closed=frozenset(day for day, is_open in rows if not is_open),
    )


async def open_days(
    database: Database, days: Collection[date], window: Window, now: datetime, *, afresh: bool
) -> dict[date, Day]:
    """Return these days with their keys, opened where they have not been opened yet.

    A new day counts by `window`, an open one by that with which it was opened. Where that rolls,
    the day before is opened too. A closed day is opened `afresh`, or is not in the answer.
    """
    wanted = set(days)
    if window != "calendar":
        wanted |= {day - _DAY for day in days}
    found = await _state(database, wanted)
    missing = wanted - found.keys()
    if missing:
        # Each by itself: who attaches a partition keeps others from attaching theirs, and must not
        # wait for one of them while doing so.
        for day in sorted(missing):
            async with database.writing() as connection:
                await _open(connection, day, window, now, afresh=afresh)
        found = await _state(database, wanted)
    return found


async def closed_shows(
    database: Database, days: Collection[date], shows: Collection[str]
) -> frozenset[tuple[date, str]]:
    """Return the days that are closed for a show."""
    params = {"days": list(days), "shows": list(shows)}
    return frozenset(
        (day, show) for day, show in await database.fetch(_CLOSED_SHOWS, params, deadline=DEADLINE)
    )


async def refuse_closed(database: Database, visits: Iterable[tuple[date, str]]) -> None:
    """Raise DayClosed if one of these days is closed for its show."""
    wanted = frozenset(visits)
    days, shows = {day for day, _ in wanted}, {show for _, show in wanted}
    if refused := wanted & await closed_shows(database, days, shows):
        raise DayClosed(*min(refused))


async def hold(connection: AsyncConnection[TupleRow], days: Collection[date]) -> dict[date, bytes]:
    """Keep these days from being closed until the transaction ends, and return their keys."""
    cursor = await connection.execute(_HOLD, {"days": sorted(days)})
    return {day: key for day, key in await cursor.fetchall() if key is not None}


async def close_days(database: Database, now: datetime, close_after: timedelta) -> list[date]:
    """Close the days that can no longer change: keys and listeners go, sums stay.

    Where windows roll, a day is kept until the one after it can go. A day whose rows somebody is
    reading is closed the next time. Returns the days that were closed.
    """
    before = now - close_after - SLACK
    rows = await database.fetch(_DUE, {"before": before}, deadline=DEADLINE)
    return [day for (day,) in rows if await _close(database, day, before, now)]


async def _state(database: Database, days: Collection[date]) -> dict[date, Day]:
    rows = await database.fetch(_STATE, {"days": sorted(days)}, deadline=DEADLINE)
    return {day: Day(day, bytes(key), window) for day, key, window in rows if key is not None}


async def _open(
    connection: AsyncConnection[TupleRow], day: date, window: Window, now: datetime, *, afresh: bool
) -> None:
    params = {"day": day, "key": token_bytes(32), "window": window, "now": now, "afresh": afresh}
    cursor = await connection.execute(_INSERT, params)
    if cursor.rowcount:
        for statement in _partition_statements(day):
            await connection.execute(statement)


def _partition_statements(day: date) -> list[Composed]:
    # Attaching waits for nobody who reads or writes other days; creating it in place would.
    name, parent = partition(day), Identifier("nearfield", "listeners")
    return [
        SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL) WITH (fillfactor = 80)").format(name, parent),
        SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES IN ({})").format(
            parent, name, Literal(day)
        ),
    ]


async def _close(database: Database, day: date, before: datetime, now: datetime) -> bool:
    params = {"day": day, "before": before, "now": now}
    async with database.writing() as connection:
        await connection.execute("SET LOCAL lock_timeout = '1s'")
        try:
            if not (await connection.execute(_CLOSE, params)).rowcount:
                return False
            await connection.execute(_CLOSE_SHOWS, params)
            await connection.execute(SQL("DROP TABLE {}").format(partition(day)))
        except LockNotAvailable:
            await connection.rollback()
            return False
    return True
