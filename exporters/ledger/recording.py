"""One segment into the ledger: all of it in one transaction, or nothing."""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from psycopg import AsyncConnection
from psycopg import errors as sql_errors
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from exporters.core.database import Database
from exporters.ledger.counting import Tally
from exporters.ledger.days import hold
from exporters.ledger.errors import AlreadyRecorded, BatchesRepeated, Overtaken
from exporters.ledger.model import Day, Facts
from exporters.ledger.statements import statement

BATCH_MEMORY = timedelta(hours=24)
"""How long a batch that comes again is known to have been counted."""
STATEMENT_TIMEOUT = 600
"""Seconds for one statement: a chunk of lines takes a few."""

_SETTINGS = SQL(
    f"SET LOCAL TimeZone = 'UTC'; SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}s';"
    f" SET LOCAL idle_in_transaction_session_timeout = '{STATEMENT_TIMEOUT}s';"
    " SET LOCAL jit = off"
)
_SEGMENT = SQL(
    "INSERT INTO nearfield.segments (id, recorded_at) VALUES (%(id)s, %(now)s)"
    " ON CONFLICT DO NOTHING"
)
_FILES = SQL(
    """
    INSERT INTO nearfield.files (digest, name, lines, recorded_at)
    SELECT digest, name, lines, %(now)s
    FROM unnest(%(digests)s::text[], %(names)s::text[], %(lines)s::bigint[])
        AS given (digest, name, lines)
    ORDER BY digest
    ON CONFLICT DO NOTHING
    RETURNING digest
    """
)
_BATCHES = SQL(
    """
    INSERT INTO nearfield.batches AS b (digest, counted_at)
    SELECT digest, %(now)s FROM unnest(%(digests)s::text[]) AS given (digest) ORDER BY digest
    ON CONFLICT (digest) DO UPDATE SET counted_at = excluded.counted_at
    WHERE b.counted_at <= %(forgotten)s
    RETURNING digest
    """
)
_RETRYABLE = (
    sql_errors.SerializationFailure,
    sql_errors.DeadlockDetected,
    sql_errors.UndefinedTable,
    sql_errors.UniqueViolation,
)
"""Others were quicker; or a day's partition has gone between two looks."""


@dataclass(frozen=True, slots=True)
class Archive:
    """An archived file, or a part of one: counted once, by the digest of its inflated content."""

    digest: str
    name: str
    lines: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What is recorded, by whom and when."""

    id: str
    """The segment's."""
    worker: str
    """A name that no other process has at the same time: its counters are its own."""
    now: datetime
    live_from: datetime
    """What began before is not live: it moves no live counter."""
    digests: Collection[str] = ()
    """Of the batches that are counted; none of what nobody repeats."""
    archives: Collection[Archive] = ()
    """What is counted of archived files, each once; none of live lines."""


class Recording:
    """An open transaction that takes the facts of a segment, chunk by chunk."""

    def __init__(self, connection: AsyncConnection[TupleRow], entry: Entry) -> None:
        self._connection = connection
        self._entry = entry
        self._tally = Tally(connection, entry.live_from)
        self._days: dict[date, bytes] = {}

    async def add(self, facts: Facts, days: Mapping[date, Day]) -> None:
        """Count the facts of a chunk, which was measured with the keys of these days.

        Raises Overtaken when one of them was closed meanwhile, and SourceError.
        """
        with _retryable():
            if missing := days.keys() - self._days.keys():
                self._days |= await hold(self._connection, missing)
            if any(self._days.get(day) != days[day].key for day in days):
                raise Overtaken("a day was closed while its lines were measured")
            await self._tally.add(facts, days)

    async def begin(self) -> None:
        """Claim the segment and its batches."""
        entry = self._entry
        with _retryable():
            await self._connection.execute(_SETTINGS)
            await self._connection.execute(statement("staging"))
            await self._claim_segment()
            if entry.archives:
                await self._claim_files(entry.archives)
            if entry.digests:
                await self._claim_batches(frozenset(entry.digests))

    async def finish(self) -> None:
        """Write the sums."""
        with _retryable():
            await self._tally.finish(self._entry.worker, self._entry.now)

    async def _claim_segment(self) -> None:
        params = {"id": self._entry.id, "now": self._entry.now}
        if not (await self._connection.execute(_SEGMENT, params)).rowcount:
            raise AlreadyRecorded(f"segment {self._entry.id} is in the ledger already")

    async def _claim_files(self, archives: Collection[Archive]) -> None:
        params = {
            "digests": [found.digest for found in archives],
            "names": [found.name for found in archives],
            "lines": [found.lines for found in archives],
            "now": self._entry.now,
        }
        await self._claim(_FILES, params, frozenset(found.digest for found in archives))

    async def _claim_batches(self, digests: frozenset[str]) -> None:
        now = self._entry.now
        params = {"digests": sorted(digests), "now": now, "forgotten": now - BATCH_MEMORY}
        await self._claim(_BATCHES, params, digests)

    async def _claim(
        self, insert: SQL, params: Mapping[str, object], digests: frozenset[str]
    ) -> None:
        cursor = await self._connection.execute(insert, params)
        claimed = {digest for (digest,) in await cursor.fetchall()}
        if repeated := digests - claimed:
            raise BatchesRepeated(repeated)


@asynccontextmanager
async def recording(database: Database, entry: Entry) -> AsyncIterator[Recording]:
    """Give a recording that is committed at the end, unless it failed.

    Raises AlreadyRecorded for a segment that is in the ledger, BatchesRepeated and Overtaken where
    the segment must be measured again, and SourceError.
    """
    async with database.writing() as connection:
        opened = Recording(connection, entry)
        await opened.begin()
        yield opened
        await opened.finish()


@contextmanager
def _retryable() -> Iterator[None]:
    try:
        yield
    except _RETRYABLE as error:
        raise Overtaken("other workers were in the way") from error
