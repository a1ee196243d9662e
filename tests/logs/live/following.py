"""The exporter as the application puts it together, begun and stopped by a test."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from exporters import docker, logs, loki
from exporters.core.exporter import Exporter
from exporters.core.telemetry import Telemetry
from exporters.docker import DockerSettings
from exporters.logs import Line, LogsSettings

HOST = "host1"


class Kept:
    """A reader that keeps what it is given."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def read(self, lines: Any) -> None:
        self.lines += lines


class Follow:
    """Follows the containers of an engine to one Loki, with its cursors in one folder."""

    def __init__(self, engine: str, url: str, folder: Path) -> None:
        self._engine, self._url, self._folder = engine, url, folder
        self._task: asyncio.Task[None] | None = None
        self._stack = AsyncExitStack()
        self.exporter: Exporter
        self.read = Kept()

    async def start(self, **settings: Any) -> None:
        """Begin, with these settings of `[logs]`."""
        given = {"loki_url": self._url, "batch_age": "20ms", "own_records": False} | settings
        chosen = LogsSettings.model_validate(given)
        telemetry = Telemetry(CollectorRegistry(), "0")
        engine = docker.build(DockerSettings(host=self._engine), telemetry)
        sink = loki.build(chosen, self._folder, HOST)
        assert sink
        self.exporter = logs.build(
            chosen,
            DockerSettings(host=self._engine),
            engine,
            sink,
            HOST,
            telemetry,
            readers=(self.read,),
        )
        parts = (engine.exporter, sink.exporter, self.exporter)
        for part in parts:
            for resource in part.resources:
                await self._stack.enter_async_context(resource)
        self._task = asyncio.create_task(self._run(parts))

    async def _run(self, parts: tuple[Exporter, ...]) -> None:
        async with asyncio.TaskGroup() as group:
            for part in parts:
                for service in part.services:
                    group.create_task(service.run())

    async def ended(self) -> None:
        """Return when it ended by itself; raise what ended it."""
        assert self._task
        await self._task

    async def stop(self) -> None:
        """Stop as SIGTERM does: services first, then the sink."""
        if task := self._task:
            self._task = None
            task.cancel()
            await asyncio.wait([task])
            await self._stack.aclose()
            if not task.cancelled():
                task.result()

    def value(self, name: str, **labels: str) -> float:
        """Return what a counter of the exporter has, summed over all other labels."""
        return sum(
            sample.value
            for collector in self.exporter.collectors
            for family in collector.collect()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )
