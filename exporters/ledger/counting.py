"""Counting: what a segment's facts make of listeners, and what that adds to the sums."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from exporters.ledger.days import SLACK, partition
from exporters.ledger.model import TOUCHED_COLUMNS, Day, Facts, Window
from exporters.ledger.statements import statement

YOUNG = timedelta(days=90)
"""Age up to which an episode's live downloads have its name; then they are `older`."""
CRUMBS = 8192
"""Bytes of a listener's ranges beyond which no more are kept: some hundred pieces of one file."""
TOUCHES = 3 * 4096
"""Numbers of a listener's single requests on a day beyond which no more are kept: 4096 requests."""
_DAY = timedelta(days=1)

_TOUCHED = SQL("SELECT 1 FROM touched WHERE day = %(day)s LIMIT 1")
_ROLLING_LOCK = SQL("SELECT pg_advisory_xact_lock({})").format(0x726F_6C6C)
_ROLLING_DAYS = SQL(
    "SELECT day, count_window FROM nearfield.days"
    " WHERE day >= %(since)s AND key IS NOT NULL AND count_window <> 'calendar'"
    " ORDER BY day FOR KEY SHARE"
)

_ALONE = SQL("SELECT FROM nearfield.days WHERE day = %(day)s FOR NO KEY UPDATE")
# The planner takes tables that were filled a moment ago for small, a day's listeners in the morning
# too: it would compare each row of one with each of the other. Listeners, of which a day may have
# millions, are looked up by their key; what came together is hashed.
_BY_KEY = SQL(
    "SET LOCAL enable_nestloop = on; SET LOCAL enable_seqscan = off;"
    " SET LOCAL enable_material = off; SET LOCAL enable_mergejoin = off"
)
_AS_PLANNED = SQL(
    "SET LOCAL enable_nestloop = on; SET LOCAL enable_seqscan = on;"
    " SET LOCAL enable_material = on; SET LOCAL enable_mergejoin = on"
)
_BY_HASH = SQL("{}; SET LOCAL enable_nestloop = off").format(_AS_PLANNED)

_COPY_TOUCHED = SQL("COPY touched ({}) FROM STDIN").format(
    SQL(", ").join(map(Identifier, TOUCHED_COLUMNS))
)
_WRITTEN_DAYS = SQL(
    """
    UPDATE nearfield.days SET written_at = %(now)s
    WHERE day IN (
        SELECT day FROM nearfield.days
        WHERE written_at < %(slack)s
            AND day IN (
                SELECT hour::date FROM new_hours UNION SELECT hour::date FROM new_outcomes
            )
        ORDER BY day FOR NO KEY UPDATE
    )
    """
)
_SHOW_DAYS = SQL(
    """
    INSERT INTO nearfield.show_days (day, podcast)
    SELECT DISTINCT day, podcast
    FROM (
        SELECT o.hour::date AS day, o.podcast FROM new_outcomes AS o
        UNION
        SELECT h.hour::date, e.podcast
        FROM new_hours AS h
        INNER JOIN nearfield.episodes AS e ON e.id = h.episode_id
    ) AS seen
    WHERE NOT EXISTS (
        SELECT FROM nearfield.show_days AS known
        WHERE known.day = seen.day AND known.podcast = seen.podcast
    )
    ORDER BY day, podcast
    ON CONFLICT DO NOTHING
    """
)


class Tally:
    """Counts facts in an open transaction. The sums are kept until `finish`: their rows are few
    and everybody's, and are not held while chunks are measured.
    """  # noqa: D205 - the sentence needs two lines

    def __init__(self, connection: AsyncConnection[TupleRow], live_from: datetime) -> None:
        self._connection = connection
        self._live_from = live_from
        self._staged = self._merged = False

    async def add(self, facts: Facts, days: Mapping[date, Day]) -> None:
        """Count the facts of a chunk."""
        if self._staged:
            await self._connection.execute("TRUNCATE touched")
        self._staged = True
        await self._stage(facts)
        windows = {day: found.window for day, found in days.items()}
        if any(window != "calendar" for window in windows.values()):
            windows |= await self._rolling_days(min(windows))
        counted: set[date] = set()
        for day in sorted(windows):
            if windows[day] != "calendar" and day - _DAY in counted:
                await self._cascade(day)
            cursor = await self._connection.execute(_TOUCHED, {"day": day})
            if await cursor.fetchone():
                await self._count_day(day, windows[day])
                counted.add(day)

    async def finish(self, worker: str, now: datetime) -> None:
        """Write the sums."""
        params = {"worker": worker, "young_from": now - YOUNG}
        await self._connection.execute(_WRITTEN_DAYS, {"now": now, "slack": now - SLACK})
        await self._connection.execute(_SHOW_DAYS)
        await self._run(statement("finish"), params)

    async def _stage(self, facts: Facts) -> None:
        async with self._connection.cursor() as cursor, cursor.copy(_COPY_TOUCHED) as copying:
            for block in facts.touched:
                await copying.write(block)
        await self._copy(
            "new_hours", ((h.episode_id, h.hour, h.requests, h.sent) for h in facts.hours)
        )
        await self._copy(
            "new_outcomes", ((o.podcast, o.hour, o.outcome, o.requests) for o in facts.outcomes)
        )
        await self._copy("new_counts", _counts(facts))
        await self._copy(
            "new_readers",
            ((r.podcast, r.app, r.reader, r.subscribers, r.seen_at) for r in facts.readers),
        )

    async def _copy(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        into = SQL("COPY {} FROM STDIN").format(Identifier(table))
        async with self._connection.cursor() as cursor, cursor.copy(into) as copying:
            for row in rows:
                await copying.write_row(row)

    async def _rolling_days(self, since: date) -> dict[date, Window]:
        """Return the open days into which windows roll, so that nobody closes them meanwhile.

        What one worker writes to a day, another may be reading the next day from: where windows
        roll, one transaction counts at a time.
        """
        await self._connection.execute(_ROLLING_LOCK)
        cursor = await self._connection.execute(_ROLLING_DAYS, {"since": since})
        return dict(await cursor.fetchall())

    async def _cascade(self, day: date) -> None:
        """Have the rows counted anew into which windows of the day before reach."""
        query = statement("cascade").format(listeners=partition(day))
        await self._connection.execute(query, {"yesterday": day - _DAY})

    async def _count_day(self, day: date, window: Window) -> None:
        """Count the facts of one day, while no other transaction adds to it.

        Neighbouring segments have listeners in common. Of two that add them at the same time one
        would wait for the other all the same, and then have to begin again.
        """
        if self._merged:
            await self._connection.execute("TRUNCATE held, merged, changed")
        self._merged = True
        await self._connection.execute(_ALONE, {"day": day})
        await self._merge(day, window)
        await self._run(statement("contribute"), {"day": day, "live_from": self._live_from})

    async def _merge(self, day: date, window: Window) -> None:
        """Write the rows of listeners."""
        places = {"listeners": partition(day)}
        params = {"day": day, "yesterday": day - _DAY, "rearm": window == "last-touch"}
        merge = statement("merge_calendar" if window == "calendar" else "merge_rolling")
        await self._connection.execute(_BY_KEY)
        await self._connection.execute(statement("hold").format(**places), params)
        await self._connection.execute(_BY_HASH)
        await self._connection.execute(merge.format(crumbs=CRUMBS, touches=TOUCHES), params)
        await self._connection.execute(_BY_KEY)
        await self._connection.execute(statement("write_held").format(**places), params)
        await self._connection.execute(_AS_PLANNED)
        await self._connection.execute(statement("write_new").format(**places), params)

    async def _run(self, statements: SQL, params: Mapping[str, object]) -> None:
        """Run the statements of a file, one after the other: parameters want them single."""
        for part in statements.as_string().split(";\n"):
            await self._connection.execute(SQL(part), params)


def _counts(facts: Facts) -> Iterable[tuple[str, str, str, int]]:
    """What the lines themselves add to the live counters."""
    requests: Counter[tuple[str, str]] = Counter()
    for found in facts.outcomes:
        requests[found.podcast, found.outcome] += found.live
    yield from (("requests", *labels, n) for labels, n in requests.items() if n)
    yield from (("delivered_bytes", podcast, "", n) for podcast, n in facts.delivered.items())
    yield from (("feed_requests", *labels, n) for labels, n in facts.feeds.items())
