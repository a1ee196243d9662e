"""The digest on a real ledger: read once, sent once, late but not too late."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from exporters import digest
from exporters.core.database import Database
from exporters.core.errors import SourceError, SourceMismatch, SourceUnavailable
from exporters.core.telemetry import Telemetry
from exporters.digest.source import History
from exporters.digest.writer import LATE, PATIENCE, Writer
from exporters.ledger import Ledger
from exporters.slack import Message, SlackSettings
from exporters.slack.settings import parse_weekly

DUE = datetime(2026, 10, 12, 8, tzinfo=UTC)

# Two shows, this week and the week before; hours just outside both; an episode of this week.
WEEK = """
INSERT INTO nearfield.episodes (podcast, episode, title, published_at) VALUES
    ('a', '1', 'Old', '2026-01-01'), ('a', '2', 'Fresh', '2026-10-06 06:00Z'),
    ('b', '1', NULL, '2026-10-07 06:00Z');
INSERT INTO nearfield.hours (episode_id, hour, downloads)
SELECT e.id, x.hour::timestamptz, x.downloads
FROM (VALUES
    ('a', '1', '2026-10-05 00:00Z', 10), ('a', '1', '2026-10-11 23:00Z', 5),
    ('a', '1', '2026-10-12 00:00Z', 1000), ('a', '1', '2026-09-27 23:00Z', 1000),
    ('a', '1', '2026-09-28 00:00Z', 20), ('a', '1', '2026-10-04 23:00Z', 10),
    ('a', '2', '2026-10-06 07:00Z', 40), ('a', '2', '2026-10-12 01:00Z', 500),
    ('b', '1', '2026-10-07 07:00Z', 35)
) AS x (podcast, episode, hour, downloads)
INNER JOIN nearfield.episodes AS e USING (podcast, episode);
INSERT INTO nearfield.countries (episode_id, day, country, downloads)
SELECT id, '2026-10-06', country, downloads FROM nearfield.episodes,
    (VALUES ('US', 3), ('DE', 1), ('', 90)) AS c (country, downloads) WHERE episode = '2';
"""


@dataclass
class Told:
    messages: list[str] = field(default_factory=list)

    def accept(self, message: Message) -> None:
        self.messages.append(message.text)


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Database]:
    async with Database("the ledger", SecretStr(database)) as opened:
        await Ledger(opened).prepare()
        yield opened


async def fill(ledger: Database) -> None:
    async with ledger.writing() as connection:
        await connection.execute(WEEK.encode())


def writer(
    ledger: Database, told: Told, now: datetime, name: str = "one", history: History | None = None
) -> Writer:
    zone = UTC
    return Writer(ledger, history, told, parse_weekly("Mon 08:00"), zone, name, lambda: now)


async def test_a_week_is_told_with_its_own_hours_and_no_others(ledger: Database) -> None:
    await fill(ledger)
    told = Told()
    await writer(ledger, told, DUE).look()
    assert told.messages[0].splitlines() == [
        "*5 October to 11 October: 90 downloads, 200 % more than the week before.*",
        "• Shows: a 55 (83 % more); b 35.",
        "• Best launch: a 2 “Fresh”, 40 downloads by the end of the week.",
        "• Countries: US 75 %, DE 25 %.",
    ]


async def test_of_many_processes_exactly_one_sends_and_it_sends_once(ledger: Database) -> None:
    await fill(ledger)
    told = Told()
    writers = [writer(ledger, told, DUE, f"worker {n}") for n in range(6)]
    for _ in range(3):
        await asyncio.gather(*(each.look() for each in writers))
    await writer(ledger, told, DUE + timedelta(hours=3), "started later").look()
    assert len(told.messages) == 1


async def test_each_week_has_its_own_digest(ledger: Database) -> None:
    await fill(ledger)
    told = Told()
    for week in range(3):
        await writer(ledger, told, DUE + timedelta(weeks=week), f"run {week}").look()
    # Two weeks later there is nothing to tell, nor to compare with, beyond the week before.
    assert [text.partition(":")[0] for text in told.messages] == [
        "*5 October to 11 October",
        "*12 October to 18 October",
        "*19 October to 25 October",
    ]


@pytest.mark.parametrize(
    ("late", "sent"),
    [(timedelta(minutes=-1), 0), (timedelta(0), 1), (LATE, 1), (LATE + timedelta(minutes=1), 0)],
)
async def test_a_digest_is_sent_from_its_moment_until_a_day_later(
    ledger: Database, late: timedelta, sent: int
) -> None:
    await fill(ledger)
    told = Told()
    await writer(ledger, told, DUE + late).look()
    assert len(told.messages) == sent


async def test_an_empty_ledger_has_nothing_to_tell(ledger: Database) -> None:
    told = Told()
    await writer(ledger, told, DUE).look()
    assert told.messages == []


async def test_before_the_first_migration_it_is_tried_again(database: str) -> None:
    told = Told()
    async with Database("the ledger", SecretStr(database)) as empty:
        one = writer(empty, told, DUE)
        with pytest.raises(SourceMismatch):
            await one.look()
        await Ledger(empty).prepare()
        await fill(empty)
        await one.look()
    assert len(told.messages) == 1


Values = Mapping[str, Sequence[Mapping[str, object]]]


@asynccontextmanager
async def prometheus(values: Values) -> AsyncIterator[str]:
    """A server that answers a query by the first key that it contains, as Prometheus would."""

    async def answer(request: web.Request) -> web.Response:
        query = str((await request.post())["query"])
        result = next((list(found) for part, found in values.items() if part in query), [])
        return web.json_response({"status": "success", "data": {"result": result}})

    app = web.Application()
    app.router.add_post("/api/v1/query", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{site.port}"
    finally:
        await runner.cleanup()


WATCHED: Values = {"Watchdog": [{"metric": {}, "value": [0, "1"]}]}


async def told_with(ledger: Database, values: Values) -> str:
    await fill(ledger)
    told = Told()
    async with prometheus(values) as url, History(url) as history:
        await writer(ledger, told, DUE, history=history).look()
    return told.messages[0].splitlines()[-1]


async def test_outages_and_what_they_cost_come_from_prometheus(ledger: Database) -> None:
    fired: Sequence[Mapping[str, object]] = [
        {"metric": {"alertname": "DatabaseDown"}, "value": [0, "12"]}
    ]
    lost: Sequence[Mapping[str, object]] = [{"metric": {}, "value": [0, "41.7"]}]
    last = await told_with(ledger, {**WATCHED, "lost1h": lost, "count by (alertname)": fired})
    assert last == "• Outages: DatabaseDown 12 min. They cost about 42 downloads."


async def test_a_week_without_an_outage_says_so(ledger: Database) -> None:
    assert await told_with(ledger, WATCHED) == "• No outages."


async def test_where_no_rule_was_asked_nothing_is_said_of_outages(ledger: Database) -> None:
    assert (await told_with(ledger, {})).startswith("• Countries")


async def test_a_digest_waits_for_prometheus_but_not_for_long(ledger: Database) -> None:
    await fill(ledger)
    told = Told()
    async with History("http://127.0.0.1:1") as history:
        with pytest.raises(SourceUnavailable):
            await writer(ledger, told, DUE, history=history).look()
        assert told.messages == []
        await writer(ledger, told, DUE + PATIENCE, history=history).look()
    assert len(told.messages) == 1


async def test_the_exporter_runs_and_says_that_it_is_fresh(ledger: Database) -> None:
    settings = SlackSettings(prometheus_url="http://127.0.0.1:1")
    exporter = digest.build(settings, ledger, Telemetry(CollectorRegistry(), "0"), Told())
    async with AsyncExitStack() as stack:
        for resource in exporter.resources:
            await stack.enter_async_context(resource)
        task = asyncio.create_task(exporter.services[0].run())
        async with asyncio.timeout(20):
            while not exporter.health()[0].fresh:
                await asyncio.sleep(0.01)
        task.cancel()


async def test_an_answer_that_makes_no_sense_is_an_error_of_the_source() -> None:
    async with prometheus({"Watchdog": [{"odd": 1}]}) as url, History(url) as history:
        with pytest.raises(SourceError):
            await history.outages(DUE)
