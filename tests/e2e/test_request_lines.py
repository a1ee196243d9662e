"""Requests worth reading, from the receiver to Loki, while what is counted stays as it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.e2e.processes import Nearfield, free_port, nearfield, until
from tests.e2e.test_stream import DOWNLOADS, send, settings, shows
from tests.fastly.traffic import request
from tests.loki.door import Door, status
from tests.loki.fake import FakeLoki
from tests.loki.reading import Reader


@asynccontextmanager
async def running(folder: Path, text: str) -> AsyncIterator[Nearfield]:
    """Run all that is configured, without a Docker engine; the loop is left to the test's Loki."""
    stack = ExitStack()
    try:
        process = await asyncio.to_thread(stack.enter_context, nearfield(folder, text))
        await asyncio.to_thread(until, process.ready, "it is ready", 90)
        yield process
    finally:
        await asyncio.to_thread(stack.close)


async def test_requests_worth_reading_reach_loki_once_also_when_it_was_away(
    tmp_path: Path, database: str
) -> None:
    (tmp_path / "ledger_dsn").write_text(database)
    port, now = free_port(), datetime.now(UTC).isoformat()
    missing = request(
        time=now,
        path="/feeds/s3cr3t?token=s3cr3t",
        status=404,
        request_id="one",
        referer="https://news.example.com/s3cr3t",
    )
    good = request(time=now, request_id="two", client_ip="192.0.2.2")
    async with FakeLoki() as fake, Door(fake.url) as door:
        door.always = status(503)
        text = (
            f"{settings(tmp_path, port)}[fastly.lines]\nsample = 0\n"
            '[ledger]\ndsn_file = "ledger_dsn"\n[logs]\n'
            f'loki_url = "{door.url}"\nbatch_age = "50ms"\ncontainers = "none"\n'
        )
        async with running(tmp_path, text) as process:
            assert await asyncio.to_thread(send, port, good, missing) == 200
            await asyncio.to_thread(shows, process, DOWNLOADS, 1)
            # A batch that is sent again is told once.
            assert await asyncio.to_thread(send, port, good, missing) == 200
            await until_asked(door)
            door.always = None
            reader = Reader(fake.url, "cdn")
            (line,) = await reader.has(1, 60)
            assert line.startswith("GET /feeds/… 404 ")
            await asyncio.to_thread(
                shows, process, 'cdn_requests_total{cache="HIT",host="cdn.example.com",pop="FRA",'
                'status="404"}', 1
            )  # fmt: skip
            await asyncio.to_thread(shows, process, DOWNLOADS, 1)
        assert "s3cr3t" not in str(fake.streams) + process.log()
        assert "192.0.2" not in str(fake.streams) + process.log()
        (found,) = await reader.lines()
        assert dict(found.metadata)["level"] == "warning"
        assert dict(found.metadata)["referrer"] == "news.example.com"


async def until_asked(door: Door) -> None:
    """Return once a push was turned away."""
    async with asyncio.timeout(60):
        while not door.asked:
            await asyncio.sleep(0.05)
