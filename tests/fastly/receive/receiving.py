"""A receiver on a real port, built from settings as the application builds it."""

import asyncio
import io
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from prometheus_client import CollectorRegistry

from exporters.core.telemetry import Telemetry
from exporters.fastly.receive import INGEST, ReceiverListener
from exporters.fastly.receive.intake import Intake, build_intake
from exporters.fastly.settings import FastlySettings
from tests.fastly.spool.spooling import drain

TOKEN = "a-token-of-the-house"
AUTH = {"Authorization": f"Bearer {TOKEN}"}
LINE = b'{"url":"/uploads/a/b/c.mp3","status":206}\n'


@dataclass(frozen=True, slots=True)
class Running:
    """A receiver at work, and a client that talks to it."""

    intake: Intake
    base: str
    client: aiohttp.ClientSession

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.base.rpartition("//")[2].rpartition(":")
        return host, int(port)

    async def send(self, body: Any, *, method: str = "POST", **headers: str) -> tuple[int, str]:
        """Send a batch with a good token; return status and text."""
        sent = {**AUTH, **{name.replace("_", "-"): value for name, value in headers.items()}}
        data = io.BytesIO(body) if isinstance(body, bytes) else body
        async with self.client.request(
            method, self.base + INGEST, data=data, headers=sent
        ) as response:
            return response.status, await response.text()

    def refused(self, reason: str) -> float:
        return self.intake.metrics.refused.value(("https", reason)) or 0.0

    async def stored(self) -> list[bytes]:
        """Every line in the spool, which is empty then."""
        return b"".join(await drain(self.intake.spool)).splitlines(keepends=True)


@asynccontextmanager
async def receiving(
    data_dir: Path, tls: ssl.SSLContext | None = None, **settings: Any
) -> AsyncIterator[Running]:
    """Run a receiver with these settings; `tls` is the client's."""
    given = {
        "listen": "127.0.0.1:0",
        "token": TOKEN,
        "service_ids": ["*"],
        "segment_age": "10ms",
        **settings,
    }
    intake = build_intake(
        FastlySettings.model_validate(given),
        data_dir,
        ["malformed"],
        Telemetry(CollectorRegistry(), "1"),
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(intake.spool)
        services = [asyncio.create_task(service.run()) for service in intake.services]
        stack.push_async_callback(stop, services)
        for listener in intake.listeners:
            await stack.enter_async_context(listener)
        (https,) = (each for each in intake.listeners if isinstance(each, ReceiverListener))
        connector = aiohttp.TCPConnector(ssl=tls or True)
        client = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        yield Running(intake, f"{'https' if tls else 'http'}://{https.address}", client)


async def stop(services: list[asyncio.Task[None]]) -> None:
    for service in services:
        service.cancel()
    for outcome in await asyncio.gather(*services, return_exceptions=True):
        assert outcome is None or isinstance(outcome, asyncio.CancelledError), outcome


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that happens elsewhere."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def ends(reader: asyncio.StreamReader) -> bytes:
    """What a connection still gives until the other side ends it."""
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b""
