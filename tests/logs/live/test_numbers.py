"""From what a container prints to the page and to the ledger, through a real engine."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from exporters.core.database import Database
from exporters.core.telemetry import Telemetry
from exporters.ledger.migrate import migrate
from exporters.logs import Line
from exporters.logs.exceptions import Exceptions
from tests.docker.engine import Engine
from tests.logs.derived.making import kind, samples
from tests.logs.exceptions import stacks
from tests.logs.live.following import Follow, Kept

pytestmark = pytest.mark.timeout(120)

ORDERS = "orders_total: {from: logs, help: h, pattern: 'order by (?P<by>[a-z]+)', labels: [by]}"


class Numbers(Kept):
    """What the application has read lines as well."""

    def __init__(self, ledger: Database) -> None:
        super().__init__()
        self.exceptions = Exceptions(ledger, Telemetry(CollectorRegistry(), "0"))
        self.metrics = kind(ORDERS)

    def read(self, lines: Sequence[Line]) -> None:
        super().read(lines)
        self.exceptions.read(lines)
        self.metrics.read(lines)


async def test_what_a_container_prints_becomes_numbers(
    engine: Engine, follow: Follow, database: str, tmp_path: Path
) -> None:
    async with Database("the ledger", SecretStr(database)) as ledger:
        await migrate(ledger)
        follow.read = numbers = Numbers(ledger)
        trace = stacks.PYTHON.rstrip().replace("'", "'\\''")
        script = f"echo order by card; printf '%s\\n' '{trace}' >&2; echo order by card; sleep 60"
        labels = ("--label", "com.docker.compose.service=web")
        await engine.run(
            "site-web-1", script, *labels, "--label", "com.docker.compose.project=site"
        )
        await follow.start()
        written = 'orders_total{service="web",stack="site",by="card"}'
        async with numbers.exceptions.resources[0]:
            async with asyncio.timeout(60):
                while samples(numbers.metrics).get(written) != 2 or not _counted(numbers):
                    await asyncio.sleep(0.02)
        rows = await ledger.fetch(
            "SELECT service, stack, type, message, place, count FROM nearfield.exceptions",
            deadline=10,
        )
    assert rows == [
        ("web", "site", "httpx.ConnectTimeout", "timed out after <n> s for card <n>",
         "shop/billing/cards.py in charge", 1)
    ]  # fmt: skip


def _counted(numbers: Numbers) -> float:
    return sum(
        sample.value
        for collector in numbers.exceptions.collectors
        for metric in collector.collect()
        for sample in metric.samples
        if sample.name == "log_exceptions_total"
    )
