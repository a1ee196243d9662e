"""The engine's and the containers' exporters, running; and what a scrape of them shows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from exporters import containers, docker
from exporters.containers import ContainersSettings
from exporters.core import lifecycle
from exporters.core.exporter import Exporter
from exporters.core.exposition import negotiate, render
from exporters.core.telemetry import Telemetry
from exporters.docker import DockerSettings

Found = list[tuple[dict[str, str], float]]


@dataclass
class Running:
    """Two exporters at work, and their registry."""

    registry: CollectorRegistry
    exporters: list[Exporter]
    engine: docker.Engine

    def page(self) -> str:
        """What a scrape gets."""
        return render(self.registry.collect(), negotiate(None)).decode()

    def find(self, metric: str, /, **labels: str) -> Found:
        """The samples of that name that have these labels."""
        return [
            (sample.labels, sample.value)
            for family in text_string_to_metric_families(self.page())
            for sample in family.samples
            if sample.name == metric and labels.items() <= sample.labels.items()
        ]

    def value(self, metric: str, /, **labels: str) -> float | None:
        """The only sample with these labels, or None."""
        found = self.find(metric, **labels)
        assert len(found) <= 1, found
        return found[0][1] if found else None

    def state(self, name: str) -> str:
        """The state of a container, empty where it is not on the page."""
        return "".join(
            labels["state"] for labels, value in self.find("container_state", name=name) if value
        )


@asynccontextmanager
async def running(host: str, settings: ContainersSettings | None = None) -> AsyncIterator[Running]:
    """Run the exporters as the application does."""
    registry = CollectorRegistry()
    telemetry = Telemetry(registry, "test")
    engine = docker.build(DockerSettings(host=host), telemetry)
    exporter = containers.build(settings or ContainersSettings(), engine, telemetry)
    for collector in exporter.collectors:
        registry.register(collector)
    stop = asyncio.Event()
    exporters = [engine.exporter, exporter]
    task = asyncio.create_task(lifecycle.serve(exporters, stop))
    try:
        await until(lambda: engine.inventory.fresh or engine.inventory.health().reason)
        yield Running(registry, exporters, engine)
        assert not task.done(), task
    finally:
        stop.set()
        await task


async def until(holds: Callable[[], object], within: float = 15.0) -> None:
    """Wait for what is to become true; fail with the last answer if it does not."""
    deadline = asyncio.get_running_loop().time() + within
    while not (answer := holds()):
        assert asyncio.get_running_loop().time() < deadline, f"not within {within} s: {answer}"
        await asyncio.sleep(0.1)
