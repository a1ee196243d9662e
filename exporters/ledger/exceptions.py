"""Exceptions in the ledger: what went wrong, since when, how often, since which version."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from exporters.core.database import Database

_DEADLINE: Final = 10.0

KEPT: Final = 1_000
"""Exceptions of one service that are kept; the ones that were seen last."""

# One row for the process and its batch: none comes back where the ledger has that batch already.
_CLAIM: Final[LiteralString] = """
INSERT INTO nearfield.exception_writers AS w (writer, batch)
VALUES (%(writer)s, %(batch)s)
ON CONFLICT (writer) DO UPDATE SET
    batch = excluded.batch,
    written_at = now()
WHERE w.batch < excluded.batch
RETURNING 1
"""

# Adds what was counted; the version is what the ledger knows to have been deployed, else what the
# image says. In the order of the key, so that two processes wait for each other instead
# of being told of a deadlock.
_ADD: Final[LiteralString] = """
INSERT INTO nearfield.exceptions AS e (
    service, stack, fingerprint, type, message, place, first_seen, last_seen, count, first_version
)
SELECT
    service,
    stack,
    fingerprint,
    type,
    message,
    place,
    first_seen,
    last_seen,
    count,
    coalesce(nearfield.version_deployed(service, stack, first_seen), nullif(image_version, ''))
FROM unnest(
    %(service)s::text [],
    %(stack)s::text [],
    %(fingerprint)s::text [],
    %(type)s::text [],
    %(message)s::text [],
    %(place)s::text [],
    %(first_seen)s::timestamptz [],
    %(last_seen)s::timestamptz [],
    %(count)s::bigint [],
    %(image_version)s::text []
) AS new (
    service, stack, fingerprint, type, message, place, first_seen, last_seen, count, image_version
)
ORDER BY service, stack, fingerprint
ON CONFLICT (service, stack, fingerprint) DO UPDATE SET
    first_seen = least(e.first_seen, excluded.first_seen),
    last_seen = greatest(e.last_seen, excluded.last_seen),
    count = e.count + excluded.count
"""

# Of each service that was written, lets the exceptions go that were not seen for the longest time.
_FORGET: Final[LiteralString] = """
DELETE FROM nearfield.exceptions AS e
USING (
    SELECT
        service,
        stack,
        fingerprint,
        row_number() OVER (
            PARTITION BY service, stack ORDER BY last_seen DESC, fingerprint
        ) AS place_in_line
    FROM nearfield.exceptions
    WHERE (service, stack) IN (SELECT * FROM unnest(%(service)s::text [], %(stack)s::text []))
) AS ranked
WHERE
    ranked.place_in_line > %(kept)s
    AND e.service = ranked.service
    AND e.stack = ranked.stack
    AND e.fingerprint = ranked.fingerprint
"""

_FORGET_WRITERS: Final[LiteralString] = """
DELETE FROM nearfield.exception_writers WHERE written_at < now() - interval '30 days'
"""

# A deploy is noted seconds or minutes after it began, and what it broke may be here before that.
_SETTLE: Final[LiteralString] = """
UPDATE nearfield.exceptions AS e
SET first_version = found.version
FROM (
    SELECT
        service,
        stack,
        fingerprint,
        nearfield.version_deployed(service, stack, first_seen) AS version
    FROM nearfield.exceptions
    WHERE first_seen > now() - interval '3 hours'
    ORDER BY service, stack, fingerprint
    FOR UPDATE
) AS found
WHERE
    e.service = found.service
    AND e.stack = found.stack
    AND e.fingerprint = found.fingerprint
    AND found.version IS NOT NULL
    AND e.first_version IS DISTINCT FROM found.version
"""

# What is new of each service that ever had an exception.
_NEWEST: Final[LiteralString] = """
SELECT
    e.service,
    e.stack,
    max(e.first_seen),
    count(n.fingerprint)
FROM nearfield.exceptions AS e
LEFT JOIN nearfield.new_exceptions AS n USING (service, stack, fingerprint)
GROUP BY e.service, e.stack
ORDER BY e.service, e.stack
"""


@dataclass(frozen=True, slots=True)
class ExceptionCount:
    """What was counted of one exception since the batch before; moments have a time zone."""

    service: str
    stack: str
    fingerprint: str
    type: str
    message: str
    place: str
    first_seen: datetime
    last_seen: datetime
    count: int
    image_version: str = ""
    """What the image said of its version when it was first seen: believed where no deploy was
    watched."""


@dataclass(frozen=True, slots=True)
class Newest:
    """When the youngest exception of a service was first seen, and how many are new."""

    service: str
    stack: str
    first_seen: datetime
    since_deploy: int
    """Those that were first seen after its last deploy began; 0 where none was watched."""


async def add(
    ledger: Database, counts: Sequence[ExceptionCount], writer: str, batch: int, kept: int = KEPT
) -> None:
    """Add one batch of a process: once, however often it is asked. Raises SourceError.

    `writer` names the process, `batch` rises by each batch that has other counts; a batch has each
    exception once. Of each service `kept` exceptions stay.
    """
    columns: dict[str, list[Any]] = {
        field.name: [getattr(count, field.name) for count in counts]
        for field in fields(ExceptionCount)
    }
    async with ledger.writing() as connection:
        if await _claim(connection, writer, batch):
            await connection.execute(_ADD, columns)
            await connection.execute(_FORGET, {**columns, "kept": kept})
            await connection.execute(_FORGET_WRITERS)


async def _claim(connection: AsyncConnection[TupleRow], writer: str, batch: int) -> bool:
    cursor = await connection.execute(_CLAIM, {"writer": writer, "batch": batch})
    return await cursor.fetchone() is not None


async def settle_versions(ledger: Database) -> None:
    """Name the versions of exceptions whose deploy was noted after them. Raises SourceError."""
    async with ledger.writing() as connection:
        await connection.execute(_SETTLE)


async def newest(ledger: Database) -> tuple[Newest, ...]:
    """Return what is new of each service that ever had an exception. Raises SourceError."""
    return tuple(Newest(*row) for row in await ledger.fetch(_NEWEST, deadline=_DEADLINE))
