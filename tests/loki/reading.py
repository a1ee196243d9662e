"""Lines read back from Loki by `query_range`, and what tests do with a sink."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import time, time_ns
from typing import Any

import aiohttp

from exporters.core.backoff import Backoff
from exporters.loki import Entry, LokiMetrics, LokiSettings, Manners, Sink, Stream
from exporters.loki.client import LokiClient
from exporters.loki.courier import Courier
from exporters.loki.queue import Queue
from exporters.loki.refused import RefusedLines
from tests.loki.fake import QUERY
from tests.loki.wire import Line

DAY = 86400 * 10**9
QUICK = Manners(batch_age=0.01)


class Reader:
    """Reads the lines of one service."""

    def __init__(self, url: str, service: str) -> None:
        self._url, self._service = url, service

    async def lines(self) -> list[Line]:
        """Return all of them, in the order of their time, without what Loki adds by itself."""
        params = {
            "query": f'{{service="{self._service}"}}',
            "start": str(time_ns() - 8 * DAY),
            "end": str(time_ns() + DAY // 24),
            "limit": "5000",
            "direction": "forward",
        }
        flags = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}
        async with aiohttp.ClientSession() as http:
            async with http.get(self._url + QUERY, params=params, headers=flags) as response:
                assert response.status == 200
                found = (await response.json())["data"]["result"]
        lines = [line for stream in found for line in _lines(stream)]
        return sorted(lines, key=lambda line: line.ns)

    async def texts(self) -> list[str]:
        return [line.text for line in await self.lines()]

    async def has(self, count: int, seconds: float = 10.0) -> list[str]:
        """Return the texts once there are `count`; fail where there never are, or more."""
        async with asyncio.timeout(seconds):
            while len(texts := await self.texts()) < count:
                await asyncio.sleep(0.01)
        assert len(texts) == count
        return texts


def _lines(stream: dict[str, Any]) -> list[Line]:
    labels = tuple(sorted((n, v) for n, v in stream["stream"].items() if n != "service_name"))
    lines = []
    for ns, text, *more in stream["values"]:
        metadata = more[0].get("structuredMetadata", {}) if more else {}
        metadata.pop("detected_level", None)
        lines.append(Line(labels, int(ns), text, tuple(sorted(metadata.items()))))
    return lines


def entries(service: str, texts: Sequence[str], ns: int | None = None) -> list[Entry]:
    """Return entries a microsecond apart, the first at `ns`, or now."""
    stream = Stream(service, "stack", "host1", "stdout")
    first = time_ns() if ns is None else ns
    return [
        Entry(stream, first + n * 1000, text, (("container", "c1"), ("n", str(n))))
        for n, text in enumerate(texts)
    ]


@asynccontextmanager
async def sinking(
    url: str,
    folder: Path,
    manners: Manners = QUICK,
    *,
    quota: int = 2**30,
    settings: dict[str, Any] | None = None,
    pause: float = 0.01,
    clock: Callable[[], float] = time,
) -> AsyncIterator[tuple[Sink, LokiMetrics]]:
    """Open a sink on a folder, and in the end close it."""
    metrics = LokiMetrics()
    client = LokiClient(LokiSettings(loki_url=url, **(settings or {})))
    courier = Courier(client, metrics, Backoff(initial=pause, limit=pause))
    refused = RefusedLines(folder / "refused.jsonl")
    sink = Sink(Queue(folder, quota), courier, metrics, manners, refused, clock)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(client)
        yield await stack.enter_async_context(sink), metrics


async def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something is true; fail where it does not become so."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)
