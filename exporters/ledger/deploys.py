"""Deploys in the ledger: which version ran when, and who tells people about it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, LiteralString

from exporters.core.database import Database

_DEADLINE: Final = 10.0

# Notes that a deploy began, or what a service ran when it was first seen. Whoever comes second
# changes nothing: neither another node's row nor one that already has an end.
_NOTE: Final[LiteralString] = """
INSERT INTO nearfield.deploys (
    service_id, spec_version, service, stack, image, digest, version, revision, deployer,
    started_at, ended_at, outcome, problem, runs_image, runs_digest, runs_version
) VALUES (
    %(service_id)s, %(spec_version)s, %(service)s, %(stack)s, %(image)s, %(digest)s, %(version)s,
    %(revision)s, %(deployer)s, %(started_at)s, %(ended_at)s, %(outcome)s, %(problem)s,
    %(runs_image)s, %(runs_digest)s, %(runs_version)s
)
ON CONFLICT (service_id, spec_version) DO NOTHING
"""

# Writes how a deploy ended, once: true for the process whose words stand in the row, and for it
# again where it asks a second time, since it may not have heard the first answer.
_CLAIM: Final[LiteralString] = """
WITH written AS (
    INSERT INTO nearfield.deploys AS d (
        service_id, spec_version, service, stack, image, digest, version, revision, deployer,
        started_at, ended_at, outcome, problem, runs_image, runs_digest, runs_version, announcer
    ) VALUES (
        %(service_id)s, %(spec_version)s, %(service)s, %(stack)s, %(image)s, %(digest)s,
        %(version)s, %(revision)s, %(deployer)s, %(started_at)s, %(ended_at)s, %(outcome)s,
        %(problem)s, %(runs_image)s, %(runs_digest)s, %(runs_version)s, %(announcer)s
    )
    ON CONFLICT (service_id, spec_version) DO UPDATE SET
        version = excluded.version,
        revision = excluded.revision,
        deployer = excluded.deployer,
        ended_at = excluded.ended_at,
        outcome = excluded.outcome,
        problem = excluded.problem,
        runs_image = excluded.runs_image,
        runs_digest = excluded.runs_digest,
        runs_version = excluded.runs_version,
        announcer = excluded.announcer
    WHERE d.outcome IS NULL
    RETURNING 1
)

SELECT
    EXISTS (SELECT FROM written)
    OR EXISTS (
        SELECT FROM nearfield.deploys
        WHERE
            service_id = %(service_id)s
            AND spec_version = %(spec_version)s
            AND announcer = %(announcer)s
    )
"""

# What each service ran when somebody last looked.
_LATEST: Final[LiteralString] = """
SELECT DISTINCT ON (service_id) service_id, runs_image, runs_digest, runs_version
FROM nearfield.deploys
WHERE runs_version IS NOT NULL AND ended_at > now() - interval '400 days'
ORDER BY service_id, ended_at DESC
"""

# The version that a service ran at a moment; no row where nobody watched it then.
_AT: Final[LiteralString] = """
SELECT version
FROM nearfield.service_versions
WHERE
    service = %(service)s
    AND stack = %(stack)s
    AND from_at <= %(at)s
    AND (until_at IS NULL OR until_at > %(at)s)
ORDER BY from_at DESC
LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Running:
    """What a service runs."""

    image: str
    digest: str
    version: str


@dataclass(frozen=True, slots=True)
class DeployRow:
    """A row of `nearfield.deploys`; `outcome` and `ended_at` are None while it is under way."""

    service_id: str
    spec_version: str
    service: str
    stack: str
    image: str
    digest: str
    version: str
    revision: str
    deployer: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    problem: str
    runs_image: str | None
    runs_digest: str | None
    runs_version: str | None


async def note(ledger: Database, row: DeployRow) -> bool:
    """Write a row, unless there is one for this change already; return whether it was new.

    Raises SourceError.
    """
    async with ledger.writing() as connection:
        cursor = await connection.execute(_NOTE, asdict(row))
    return cursor.rowcount == 1


async def claim(ledger: Database, row: DeployRow, announcer: str) -> bool:
    """Write how a deploy ended and return whether `announcer` is the one to tell people.

    True for exactly one announcer, however often and by how many it is asked. Raises SourceError.
    """
    async with ledger.writing() as connection:
        cursor = await connection.execute(_CLAIM, {**asdict(row), "announcer": announcer})
        found = await cursor.fetchone()
    return bool(found and found[0])


async def latest(ledger: Database) -> Mapping[str, Running]:
    """Return what each service, by its id, ran when somebody last looked. Raises SourceError."""
    rows = await ledger.fetch(_LATEST, deadline=_DEADLINE)
    return {
        service_id: Running(image, digest, version) for service_id, image, digest, version in rows
    }


async def version_at(ledger: Database, service: str, stack: str, at: datetime) -> str | None:
    """Return the version that a service ran at a moment; None where nobody watched it then.

    `at` has a time zone. Raises SourceError.
    """
    asked = {"service": service, "stack": stack, "at": at}
    rows = await ledger.fetch(_AT, asked, deadline=_DEADLINE)
    return str(rows[0][0]) if rows else None
