"""Exceptions on their way to a real ledger: bounded, exact, whatever happens to the server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import time_ns

import pytest
from prometheus_client import CollectorRegistry
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from pydantic import SecretStr

from exporters.core.database import Database
from exporters.core.errors import SourceError, SourceUnavailable
from exporters.core.telemetry import Telemetry
from exporters.ledger.migrate import migrate
from exporters.logs.exceptions import Exceptions
from exporters.logs.exceptions.book import Book
from exporters.logs.exceptions.metrics import NEWEST, SINCE_DEPLOY, ExceptionMetrics
from exporters.logs.exceptions.model import Raised
from exporters.logs.exceptions.tally import Tally
from exporters.logs.model import Line
from tests.core.postgres import Postgres, own_postgres
from tests.logs.exceptions import stacks

__all__ = ["own_postgres"]

BOOM = Raised("ValueError", "no <n>", "app.py in buy")
NOON = 1_790_000_000
_COUNTS = "SELECT service, type, count FROM nearfield.exceptions ORDER BY service, type"


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Database]:
    async with Database("the ledger", SecretStr(database)) as ledger:
        await migrate(ledger)
        yield ledger


class Process:
    """One process that counts."""

    def __init__(self, ledger: Database, writer: str = "me") -> None:
        self.metrics = ExceptionMetrics(lambda *_: None)
        self.tally = Tally()
        self.now = 0.0
        self.book = Book(ledger, self.tally, self.metrics, writer, clock=lambda: self.now)

    def see(self, count: int = 1, service: str = "web", raised: Raised = BOOM) -> None:
        for _ in range(count):
            self.tally.add(service, "shop", raised, NOON * 10**9)


async def test_what_was_counted_is_written_once(ledger: Database) -> None:
    process = Process(ledger)
    process.see(3)
    await process.book.write()
    await process.book.write()
    process.see(2)
    await process.book.write()
    assert await ledger.fetch(_COUNTS, deadline=5) == [("web", "ValueError", 5)]


async def test_the_page_tells_since_when_the_youngest_is_known(ledger: Database) -> None:
    process, other = Process(ledger), Process(ledger, "other")
    nothing: dict[str, list[object]] = {NEWEST: [], SINCE_DEPLOY: []}
    assert await process.book.write() == nothing
    other.see()
    await other.book.write()
    assert await process.book.write() == nothing
    process.now += 60
    web = ("web", "shop")
    assert await process.book.write() == {NEWEST: [(web, float(NOON))], SINCE_DEPLOY: [(web, 0)]}


class Deaf(Database):
    """A ledger that does what it is told, and whose answer is lost `times` times."""

    def __init__(self, dsn: str, times: int) -> None:
        super().__init__("the ledger", SecretStr(dsn))
        self.times = times

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection[TupleRow]]:
        async with super().writing() as connection:
            yield connection
        if self.times:
            self.times -= 1
            raise SourceUnavailable("the answer was lost")


async def test_a_batch_whose_answer_was_lost_is_written_again_and_counts_once(
    database: str, ledger: Database
) -> None:
    async with Deaf(database, times=2) as deaf:
        process = Process(deaf)
        process.see(3)
        for _ in range(2):
            with pytest.raises(SourceUnavailable):
                await process.book.write()
            process.see(4)
        await process.book.write()
        await process.book.write()
    assert await ledger.fetch(_COUNTS, deadline=5) == [("web", "ValueError", 11)]


async def test_while_the_ledger_is_away_counts_wait_and_none_is_lost(
    own_postgres: Postgres,
) -> None:
    async with Database("the ledger", own_postgres.secret()) as ledger:
        await migrate(ledger)
        process = Process(ledger)
        own_postgres.kill()
        seen = failed = 0
        while failed < 3:  # a worker that has not yet seen the server die may still answer
            process.see()
            seen += 1
            try:
                await process.book.write()
            except SourceError:
                failed += 1
        own_postgres.start()
        await process.book.write()
        await process.book.write()
        assert await ledger.fetch(_COUNTS, deadline=5) == [("web", "ValueError", seen)]
        assert process.metrics.unrecorded.value(()) == 0


async def test_what_waits_at_the_end_is_written(ledger: Database) -> None:
    process = Process(ledger)
    async with process.book:
        process.see(2)
    assert await ledger.fetch(_COUNTS, deadline=5) == [("web", "ValueError", 2)]


async def test_what_cannot_be_written_at_the_end_is_counted() -> None:
    async with Database("nowhere", SecretStr("host=127.0.0.1 port=1")) as nowhere:
        process = Process(nowhere)
        async with process.book:
            process.see(2)
            with pytest.raises(SourceUnavailable):
                await process.book.write()
            process.see(3)
        assert process.metrics.unrecorded.value(()) == 5


def test_what_waits_is_bounded_by_service_and_the_oldest_go() -> None:
    tally = Tally(per_service=2)
    for n in (1, 2, 1, 3):
        tally.add("web", "", Raised(f"E{n}", "", ""), n)
    tally.add("api", "", BOOM, 1)
    assert tally.lost == 1
    assert [(c.service, c.type, c.count) for c in tally.take()] == [
        ("web", "E1", 2), ("web", "E3", 1), ("api", "ValueError", 1),
    ]  # fmt: skip
    assert len(tally) == 0


def test_what_waits_is_bounded_in_all_and_the_busiest_gives() -> None:
    tally = Tally(capacity=5)
    tally.add("quiet", "", BOOM, 1)
    for n in range(20):
        tally.add("busy", "", Raised(f"E{n}", "", ""), n)
    assert (len(tally), tally.lost) == (5, 16)
    assert tally.take()[0].service == "quiet"


def test_a_service_that_makes_types_up_takes_no_place_of_others() -> None:
    metrics = ExceptionMetrics(lambda *_: None, types=3)
    for n in range(10):
        metrics.count("noisy", "", f"E{n}")
    metrics.count("web", "shop", "ValueError")
    assert metrics.total.value(("noisy", "", "other")) == 7
    assert metrics.total.value(("noisy", "", "E2")) == 1
    assert metrics.total.value(("web", "shop", "ValueError")) == 1


async def test_a_line_is_counted_at_once_and_in_the_ledger_soon(ledger: Database) -> None:
    exceptions = Exceptions(ledger, Telemetry(CollectorRegistry(), "0"))
    now = time_ns()

    def line(text: str) -> Line:
        return Line(now, "shop_web_1", "web", "shop", "stderr", "error", text, {}, "1.4")

    lines: Sequence[Line] = [line(stacks.PYTHON), line("nothing"), line(stacks.PYTHON)]
    exceptions.read(lines)
    totals = [m for c in exceptions.collectors for m in c.collect()]
    [sample] = [s for m in totals for s in m.samples if s.name == "log_exceptions_total"]
    assert sample.labels == {"service": "web", "stack": "shop", "type": "httpx.ConnectTimeout"}
    assert sample.value == 2
    [service] = exceptions.services
    task = asyncio.create_task(service.run())
    try:
        async with asyncio.timeout(20):
            while not (rows := await ledger.fetch(_ROW, deadline=5)):
                await asyncio.sleep(0.02)
            while not exceptions.sources[0].health().fresh:
                await asyncio.sleep(0.02)
    finally:
        task.cancel()
        await asyncio.wait([task])
    seen = datetime.fromtimestamp(now // 1000 / 1e6, UTC)
    assert rows == [("shop", "shop/billing/cards.py in charge", seen, 2, "1.4")]
    [newest] = [m for c in exceptions.collectors for m in c.collect() if m.name == NEWEST]
    assert newest.samples[0].value == pytest.approx(now / 1e9, abs=1e-3)


_ROW = "SELECT stack, place, first_seen, count, first_version FROM nearfield.exceptions"
