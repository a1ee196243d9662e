"""Deploys watched on a real engine: what a scrape shows, what Slack and Loki would be told."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from exporters import docker
from exporters.containers import deploys
from exporters.containers.deploys import DeploysSettings
from exporters.core import lifecycle
from exporters.core.database import Database
from exporters.core.exporter import Exporter
from exporters.core.telemetry import Telemetry
from exporters.docker import DockerSettings
from exporters.slack import Message
from tests.containers.running import Running, until
from tests.docker.engine import Engine

QUICK = DeploysSettings(interval=0.4, settle=1.0, registry_interval=0.4)


@dataclass
class Watching(Running):
    """The exporter at work, and everybody it talks to."""

    said: list[str] = field(default_factory=list)
    lines: list[tuple[str, str, str]] = field(default_factory=list)

    def accept(self, message: Message) -> None:
        """Be Slack."""
        self.said.append(message.shown)

    def total(self, service: str, outcome: str) -> float | None:
        return self.value("deploy_total", service=service, outcome=outcome)

    def version(self, service: str) -> str:
        """The version that the page shows as the current one of a service."""
        found = self.find("deploy_last_timestamp_seconds", service=service)
        assert len(found) <= 1, found
        return found[0][0]["version"] if found else ""

    async def found(self, service: str) -> None:
        """Wait until a service has been seen."""
        await until(lambda: self.total(service, "started") is not None, 20)

    async def ended(self, service: str, outcome: str, count: float = 1, within: float = 60) -> str:
        """Wait for the end of a deploy and for what is said about it, and return that."""
        await until(lambda: self.total(service, outcome) == count, within)
        await until(lambda: len(self.said) == self._ends(), 20)
        return self.said[-1]

    def _ends(self) -> float:
        every = self.find("deploy_total")
        return sum(value for labels, value in every if labels["outcome"] != "started")


class Lines:
    """Loki, as far as deploys care."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str]] = []

    def accept(self, service: str, stack: str, line: str, metadata: Mapping[str, str]) -> None:
        assert metadata["kind"] == "deploy"
        self.taken.append((service, stack, line))


@asynccontextmanager
async def watching(
    host: str, ledger: Database, settings: DeploysSettings = QUICK
) -> AsyncIterator[Watching]:
    """Run the engine's exporter and that of deploys as the application does."""
    registry = CollectorRegistry()
    telemetry = Telemetry(registry, "test")
    engine = docker.build(DockerSettings(host=host), telemetry)
    lines = Lines()
    here = Watching(registry, [], engine, lines=lines.taken)
    exporter: Exporter = deploys.build(
        settings, engine, ledger, telemetry, sender=here, entries=lines
    )
    here.exporters += [engine.exporter, exporter]
    for collector in exporter.collectors:
        registry.register(collector)
    stop = asyncio.Event()
    task = asyncio.create_task(lifecycle.serve(here.exporters, stop))
    try:
        yield here
        assert not task.done(), task
    finally:
        stop.set()
        await task


async def image(engine: Engine, tag: str, command: str, *labels: str) -> str:
    """Make an image that runs a shell script, and return its name."""
    return await engine.image(f"shop/web:{tag}", command, *labels)


async def compose(engine: Engine, service: str, of: str, *options: str, number: int = 1) -> None:
    """Do what `docker compose up` does with a service: the old container goes, a new one comes."""
    name = f"shop-{service}-{number}"
    if await engine.do("ps", "-aq", "--filter", f"name=^{name}$"):
        await engine.do("rm", "-f", name)
    labels = {"project": "shop", "service": service, "oneoff": "False"}
    marks = [f"--label=com.docker.compose.{key}={value}" for key, value in labels.items()]
    await engine.do("run", "-d", "--network", "none", "--name", name, *marks, *options, of)
