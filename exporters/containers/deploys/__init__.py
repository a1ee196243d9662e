"""Deploys: seen from the engine, kept in the ledger, told to Slack."""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from time import time
from typing import Protocol
from uuid import uuid4

from exporters.containers.deploys.followup import FollowUps
from exporters.containers.deploys.journal import Journal
from exporters.containers.deploys.metrics import DeployMetrics, pending_families
from exporters.containers.deploys.model import Deploy
from exporters.containers.deploys.pending import Registries
from exporters.containers.deploys.prometheus import Prometheus
from exporters.containers.deploys.settings import DeploysSettings
from exporters.containers.deploys.source import DeploySource
from exporters.containers.deploys.tracker import Tracker
from exporters.containers.deploys.watcher import Watcher
from exporters.containers.deploys.words import line, message, metadata
from exporters.core.database import Database
from exporters.core.exporter import Exporter
from exporters.core.snapshot import SnapshotCollector
from exporters.core.telemetry import Telemetry
from exporters.docker import Engine
from exporters.slack import Accepts

__all__ = ["DeploysSettings", "Entries", "build"]


class Entries(Protocol):
    """Somewhere to hand log lines to; the call neither waits nor fails."""

    def accept(self, service: str, stack: str, line: str, metadata: Mapping[str, str]) -> None:
        """Take a line of a service, of this moment."""


def build(
    settings: DeploysSettings,
    engine: Engine,
    ledger: Database,
    telemetry: Telemetry,
    *,
    sender: Accepts | None = None,
    entries: Entries | None = None,
    prometheus_url: str | None = None,
    timezone: tzinfo = UTC,
) -> Exporter:
    """Return the exporter of deploys; `engine` is opened and run by whoever made it."""
    metrics = DeployMetrics(telemetry.dropped)
    prometheus = Prometheus(prometheus_url) if prometheus_url and sender else None
    follow_ups = (
        FollowUps(prometheus, sender, telemetry, settings.follow_up)
        if prometheus and sender
        else None
    )

    def tell(deploy: Deploy) -> None:
        if sender:
            sender.accept(message(deploy, time(), timezone))
        if entries:
            entries.accept(*deploy.service.labels, line(deploy), metadata(deploy))
        if follow_ups:
            follow_ups.accept(deploy)

    journal = Journal(ledger, metrics, telemetry, tell, announcer=uuid4().hex)
    source = DeploySource(engine.client, engine.inventory, settings)
    watcher = Watcher(
        source.read,
        Tracker(settings.deadline),
        metrics,
        journal,
        ledger,
        telemetry,
        settings.interval,
    )
    engine.inventory.watch(watcher)
    looks = watcher.poller
    registries = Registries(settings, engine.client, lambda: looks.snapshot, telemetry)
    pending = SnapshotCollector(pending_families(telemetry.dropped), registries.pollers)
    return Exporter(
        "deploys",
        resources=[part for part in (prometheus, registries) if part],
        services=[
            part for part in (watcher.poller, journal, follow_ups, *registries.pollers) if part
        ],
        sources=lambda: [watcher.poller],
        collectors=[metrics, pending],
    )
