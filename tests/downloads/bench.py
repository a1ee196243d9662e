"""The downloads exporter on a bench: polled by hand, its page read as numbers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from prometheus_client import CollectorRegistry

from exporters.core.database import Database
from exporters.core.exporter import Exporter, Health
from exporters.core.exposition import negotiate, render
from exporters.core.poller import Poller
from exporters.core.snapshot import Sheet
from exporters.core.telemetry import Telemetry
from exporters.downloads import DownloadsSettings, build

PARTS = ("podcasts", "episodes", "launches", "rss_subscribers", "email_subscribers", "stats")


class Bench:
    """An exporter whose polls a test makes, and what it shows."""

    def __init__(self, exporter: Exporter, registry: CollectorRegistry) -> None:
        self.exporter = exporter
        self.registry = registry

    @property
    def pollers(self) -> dict[str, Poller[Sheet]]:
        """The pollers by the name of their source."""
        services: Any = self.exporter.services
        return {service.name.removeprefix("downloads/"): service for service in services}

    async def poll(self, *parts: str) -> None:
        """Poll the parts once, one after the other: all, when none is named."""
        for part in parts or PARTS:
            await self.pollers[part].poll()

    def page(self) -> dict[str, dict[tuple[str, ...], float]]:
        """Every `podcast_*` family: values by their label values, in the order of the labels."""
        return {
            family.name: {tuple(s.labels.values()): s.value for s in family.samples}
            for family in self.registry.collect()
            if family.name.startswith("podcast_")
        }

    def text(self) -> str:
        """The whole page as Prometheus reads it."""
        return render(self.registry.collect(), negotiate("")).decode()

    def health(self, part: str) -> Health:
        """The health of one source."""
        return next(health for health in self.exporter.health() if health.source == part)

    def failures(self, part: str, reason: str) -> float:
        """How many polls of a part failed for a reason."""
        labels = {"exporter": "downloads", "source": part, "reason": reason}
        return self.registry.get_sample_value("nearfield_poll_failures_total", labels) or 0.0


@asynccontextmanager
async def bench(
    conninfo: str | None, ledger: Database | None = None, /, **settings: object
) -> AsyncIterator[Bench]:
    """Give an exporter over the database of a connection string, its resources open."""
    registry = CollectorRegistry()
    wanted = DownloadsSettings.model_validate({"app_dsn": conninfo} | settings)
    app = None if wanted.app_dsn is None else Database("app", wanted.app_dsn)
    exporter = build(wanted, Telemetry(registry, "0"), app, ledger)
    for collector in exporter.collectors:
        registry.register(collector)
    async with AsyncExitStack() as resources:
        for resource in exporter.resources:
            await resources.enter_async_context(resource)
        yield Bench(exporter, registry)
