"""Exceptions in a real ledger: each counted once, with the version that brought it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg.sql import SQL
from pydantic import SecretStr

from exporters.core.database import Database
from exporters.ledger.deploys import DeployRow, claim, note
from exporters.ledger.exceptions import ExceptionCount, Newest, add, newest, settle_versions
from exporters.ledger.migrate import migrate

NOW = datetime.now(UTC).replace(microsecond=0)
BOOM = ExceptionCount(
    "web", "shop", "f1", "ValueError", "no <n>", "app.py in buy", NOW, NOW, 3
)  # fmt: skip
DEPLOY = DeployRow(
    service_id="s", spec_version="1", service="web", stack="shop", image="i", digest="d",
    version="b", revision="", deployer="", started_at=NOW - timedelta(minutes=2), ended_at=None,
    outcome=None, problem="", runs_image=None, runs_digest=None, runs_version=None,
)  # fmt: skip
BEFORE = replace(
    DEPLOY, spec_version="0", version="a", started_at=NOW - timedelta(days=1),
    ended_at=NOW - timedelta(days=1), outcome="found", runs_image="i", runs_digest="d",
    runs_version="a",
)  # fmt: skip


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Database]:
    async with Database("the ledger", SecretStr(database), limit=4) as ledger:
        await migrate(ledger)
        yield ledger


async def rows(ledger: Database, columns: str, table: str = "exceptions") -> list[tuple[Any, ...]]:
    query = f"SELECT {columns} FROM nearfield.{table} ORDER BY service, stack, fingerprint"
    return await ledger.fetch(SQL(query), deadline=10)


async def test_counts_add_up_and_the_span_grows(ledger: Database) -> None:
    hour = timedelta(hours=1)
    await add(ledger, [BOOM], "me", 1)
    late = replace(BOOM, first_seen=NOW + hour, last_seen=NOW + hour, count=4)
    early = replace(BOOM, first_seen=NOW - hour, last_seen=NOW - hour, count=5)
    await add(ledger, [late], "me", 2)
    await add(ledger, [early], "me", 3)
    assert await rows(ledger, "type, message, place, first_seen, last_seen, count") == [
        ("ValueError", "no <n>", "app.py in buy", NOW - hour, NOW + hour, 12)
    ]


async def test_a_batch_that_is_written_again_counts_once(ledger: Database) -> None:
    for _ in range(3):
        await add(ledger, [BOOM], "me", 1)
    await add(ledger, [BOOM], "another", 1)
    assert await rows(ledger, "count") == [(6,)]


async def test_many_that_write_at_once_lose_nothing(ledger: Database) -> None:
    some = [replace(BOOM, fingerprint=f"f{n}", count=1) for n in range(50)]
    await asyncio.gather(
        *(add(ledger, some[:: 1 - 2 * (n % 2)], f"process {n}", 1) for n in range(8))
    )
    assert await rows(ledger, "count") == [(8,)] * 50


async def test_of_each_service_those_seen_last_stay(ledger: Database) -> None:
    seen = [
        replace(BOOM, fingerprint=f"f{n}", last_seen=NOW + timedelta(seconds=n)) for n in range(5)
    ]
    await add(ledger, [replace(BOOM, service="api")], "me", 1, kept=2)
    await add(ledger, seen, "me", 2, kept=2)
    assert await rows(ledger, "service, fingerprint") == [
        ("api", "f1"), ("web", "f3"), ("web", "f4"),
    ]  # fmt: skip


async def test_the_first_version_is_the_one_that_ran(ledger: Database) -> None:
    await note(ledger, BEFORE)
    await add(ledger, [BOOM, replace(BOOM, service="api")], "me", 1)
    assert await rows(ledger, "service, first_version") == [("api", None), ("web", "a")]


async def test_what_the_image_says_is_believed_where_no_deploy_was_watched(
    ledger: Database,
) -> None:
    await note(ledger, BEFORE)
    said = replace(BOOM, image_version="from the image")
    await add(ledger, [said, replace(said, service="api")], "me", 1)
    assert await rows(ledger, "service, first_version") == [("api", "from the image"), ("web", "a")]
    await settle_versions(ledger)
    assert await rows(ledger, "service, first_version") == [("api", "from the image"), ("web", "a")]


async def test_a_deploy_under_way_is_named_rather_than_what_it_replaces(ledger: Database) -> None:
    await note(ledger, BEFORE)
    await note(ledger, DEPLOY)
    await add(ledger, [BOOM], "me", 1)
    assert await rows(ledger, "first_version") == [("b",)]


async def test_a_version_that_was_rolled_back_keeps_what_it_brought(ledger: Database) -> None:
    ended = replace(
        DEPLOY, outcome="rolled_back", ended_at=NOW + timedelta(seconds=1),
        runs_image="i", runs_digest="d", runs_version="a",
    )  # fmt: skip
    await note(ledger, BEFORE)
    await claim(ledger, ended, "me")
    after = replace(BOOM, fingerprint="f2", first_seen=NOW + timedelta(minutes=1))
    await add(ledger, [BOOM, replace(after, last_seen=after.first_seen)], "me", 1)
    assert await rows(ledger, "first_version") == [("b",), ("a",)]


async def test_a_deploy_that_is_noted_late_is_named_later(ledger: Database) -> None:
    await note(ledger, BEFORE)
    await add(ledger, [BOOM], "me", 1)
    await note(ledger, DEPLOY)
    await settle_versions(ledger)
    assert await rows(ledger, "first_version") == [("b",)]


async def test_what_is_new_since_the_last_deploy_can_be_listed(ledger: Database) -> None:
    await note(ledger, BEFORE)
    await note(ledger, DEPLOY)
    old = NOW - timedelta(hours=2)
    await add(ledger, [BOOM, replace(BOOM, fingerprint="f2", first_seen=old)], "me", 1)
    assert await rows(ledger, "fingerprint, version", "new_exceptions") == [("f1", "b")]


async def test_before_the_first_deploy_that_was_watched_nothing_is_new(ledger: Database) -> None:
    await note(ledger, BEFORE)
    await add(ledger, [BOOM], "me", 1)
    assert await rows(ledger, "fingerprint", "new_exceptions") == []


async def test_the_newest_of_each_service_can_be_asked(ledger: Database) -> None:
    later = NOW + timedelta(minutes=5)
    await add(
        ledger,
        [
            BOOM,
            replace(BOOM, fingerprint="f2", first_seen=later, last_seen=later),
            replace(BOOM, service="api", stack=""),
        ],
        "me",
        1,
    )
    await note(ledger, BEFORE)
    assert await newest(ledger) == (Newest("api", "", NOW, 0), Newest("web", "shop", later, 0))
    await note(ledger, replace(DEPLOY, started_at=NOW + timedelta(minutes=1)))
    assert (await newest(ledger))[1] == Newest("web", "shop", later, 1)
