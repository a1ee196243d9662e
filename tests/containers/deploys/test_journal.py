"""Deploys in a real ledger: kept, told by exactly one, whatever happens to the server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from exporters.containers.deploys.journal import CAPACITY, Journal
from exporters.containers.deploys.metrics import DeployMetrics
from exporters.containers.deploys.model import Deploy, Found, Problem, Service
from exporters.core.backoff import Backoff
from exporters.core.database import Database
from exporters.core.telemetry import Telemetry
from exporters.ledger.deploys import Running, latest, version_at
from exporters.ledger.migrate import migrate
from tests.containers.deploys.stories import WEB, release
from tests.core.postgres import Postgres

NOON = 1_790_000_000.0
BEGUN = Deploy(WEB, "t1", release("b"), NOON, before=release("a"))
DONE = replace(BEGUN, outcome="completed", ended=NOON + 30)


class Node:
    """One process that watches; `told` is what it told people."""

    def __init__(self, ledger: Database, name: str) -> None:
        self.told: list[Deploy] = []
        self.metrics = DeployMetrics(lambda *_: None)
        self.journal = Journal(
            ledger,
            self.metrics,
            Telemetry(CollectorRegistry(), "test"),
            self.told.append,
            announcer=name,
            backoff=Backoff(initial=0.05, limit=0.1),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Node"]:
        task = asyncio.create_task(self.journal.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()


async def until(true: object, seconds: float = 15.0) -> None:
    assert callable(true)
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


async def test_of_many_that_watch_exactly_one_tells(ledger: Database) -> None:
    nodes = [Node(ledger, f"node {n}") for n in range(5)]
    for node in nodes:
        node.journal.accept(BEGUN)
        node.journal.accept(DONE)
    await asyncio.gather(*(node.journal.flush() for node in nodes))
    assert sorted(len(node.told) for node in nodes) == [0, 0, 0, 0, 1]
    late = Node(ledger, "late")
    late.journal.accept(DONE)
    await late.journal.flush()
    assert late.told == []


async def test_one_that_did_not_hear_the_answer_may_ask_again(ledger: Database) -> None:
    once, again = Node(ledger, "me"), Node(ledger, "me")
    for node in (once, again):
        node.journal.accept(DONE)
        await node.journal.flush()
        assert node.told == [DONE]


async def test_while_the_ledger_is_away_deploys_wait_and_are_told_once(
    own_postgres: Postgres,
) -> None:
    async with Database("the ledger", own_postgres.secret()) as ledger:
        await migrate(ledger)
        own_postgres.kill()
        async with Node(ledger, "me").running() as node:
            node.journal.accept(BEGUN)
            node.journal.accept(DONE)
            await asyncio.sleep(0.3)
            assert node.told == []
            assert node.metrics.waiting.value(()) == 2
            own_postgres.start()
            await until(lambda: node.told)
            assert node.told == [DONE]
            assert node.metrics.waiting.value(()) == 0
    assert own_postgres.sql("SELECT count(*) FROM nearfield.deploys") == [(1,)]


async def test_a_row_has_what_ran_and_what_runs(ledger: Database) -> None:
    node = Node(ledger, "me")
    failed = replace(BEGUN, outcome="rolled_back", ended=NOON + 5, problem=Problem("exit (3)"))
    node.journal.accept(BEGUN)
    await node.journal.flush()
    columns = await ledger.fetch(
        "SELECT outcome, ended_at, runs_version, announcer FROM nearfield.deploys", deadline=5
    )
    assert columns == [(None, None, None, None)]
    node.journal.accept(failed)
    await node.journal.flush()
    columns = await ledger.fetch(
        "SELECT service, stack, version, outcome, problem, runs_version, announcer"
        " FROM nearfield.deploys",
        deadline=5,
    )
    assert columns == [("web", "shop", "b", "rolled_back", "exit (3)", "a", "me")]


async def test_which_version_ran_when_can_be_asked(ledger: Database) -> None:
    node = Node(ledger, "me")
    for news in (
        Found(WEB, "t0", release("a"), NOON - 100),
        DONE,
        replace(BEGUN, attempt="t2", release=release("c"), outcome="rolled_back",
                before=release("b"), began=NOON + 50, ended=NOON + 60),
        replace(BEGUN, attempt="t3", release=release("d"), outcome="abandoned",
                before=release("b"), began=NOON + 70, ended=NOON + 75),
        replace(BEGUN, attempt="t4", release=release("e"), outcome="failed",
                before=release("b"), began=NOON + 80, ended=NOON + 90),
        replace(BEGUN, attempt="t5", release=release("f"), before=release("e"),
                began=NOON + 200),
    ):  # fmt: skip
        node.journal.accept(news)
    await node.journal.flush()

    async def at(seconds: float) -> str | None:
        moment = datetime.fromtimestamp(NOON + seconds, UTC)
        return await version_at(ledger, "web", "shop", moment)

    versions = [await at(s) for s in (-200, -50, 29, 31, 55, 61, 76, 89, 91, 1000)]
    assert versions == [None, "a", "a", "b", "b", "b", "b", "b", "e", "e"]
    assert await version_at(ledger, "web", "other", datetime.fromtimestamp(NOON, UTC)) is None
    last = release("e")
    assert await latest(ledger) == {WEB.id: Running(last.image, last.digest, "e")}


async def test_the_counts_of_all_that_watch_add_up(ledger: Database) -> None:
    nodes = [Node(ledger, f"node {n}") for n in range(3)]
    for node in nodes:
        for news in (Found(WEB, "t0", release("a"), NOON - 100), BEGUN, DONE):
            node.journal.accept(news)
    await asyncio.gather(*(node.journal.flush() for node in nodes))
    restarted = Node(ledger, "restarted")
    for news in (BEGUN, DONE):
        restarted.journal.accept(news)
    await restarted.journal.flush()
    for outcome in ("started", "completed"):
        counts = [n.metrics.total.value(("web", "shop", outcome)) for n in (*nodes, restarted)]
        assert sorted(each or 0 for each in counts) == [0, 0, 0, 1]


async def test_one_that_was_given_up_has_started_and_no_end(ledger: Database) -> None:
    node = Node(ledger, "me")
    node.metrics.introduce(WEB)
    for news in (BEGUN, replace(BEGUN, outcome="abandoned", ended=NOON + 9)):
        node.journal.accept(news)
    await node.journal.flush()
    assert len(node.told) == 1
    counted = {sample.labels["outcome"]: sample.value for sample in node.metrics.total.samples}
    assert counted == {"started": 1, "completed": 0, "rolled_back": 0, "failed": 0}
    assert len(node.metrics.duration) == 0


async def test_the_queue_is_bounded_and_what_is_lost_is_counted(ledger: Database) -> None:
    node = Node(ledger, "me")
    for n in range(CAPACITY + 3):
        node.journal.accept(replace(BEGUN, attempt=f"t{n}"))
    assert node.metrics.unrecorded.value(()) == 3
    assert node.metrics.waiting.value(()) == CAPACITY


@pytest.mark.parametrize("outcome", ["completed", "rolled_back", "failed", "abandoned"])
async def test_every_outcome_is_one_that_the_ledger_takes(ledger: Database, outcome: str) -> None:
    node = Node(ledger, "me")
    node.journal.accept(replace(DONE, outcome=outcome, before=None))  # type: ignore[arg-type]
    await node.journal.flush()
    assert len(node.told) == 1


@pytest.mark.parametrize("name", ["we\0b", "".join(map(chr, range(0x10000, 0x11000)))], ids=len)
async def test_a_name_that_no_ledger_takes_is_kept_as_far_as_it_can_be(
    ledger: Database, name: str
) -> None:
    node = Node(ledger, "me")
    hostile = replace(DONE, service=Service(f"engine/{name}", name, name))
    node.journal.accept(hostile)
    await node.journal.flush()
    assert node.told == [hostile]
    [(kept,)] = await ledger.fetch("SELECT service FROM nearfield.deploys", deadline=5)
    assert name.replace("\0", "").startswith(kept)
