"""Deploys: seen from the engine, kept in the ledger, told to Slack."""

from datetime import UTC, tzinfo
from uuid import uuid4

from exporters.containers.deploys.announcer import Announcer, Entries
from exporters.containers.deploys.followup import FollowUps
from exporters.containers.deploys.journal import Journal
from exporters.containers.deploys.metrics import DeployMetrics, pending_families
from exporters.containers.deploys.pending import Registries
from exporters.containers.deploys.settings import DeploysSettings
from exporters.containers.deploys.source import DeploySource
from exporters.containers.deploys.tracker import Tracker
from exporters.containers.deploys.watcher import Watcher
from exporters.core.database import Database
from exporters.core.exporter import Exporter
from exporters.core.prometheus import Prometheus
from exporters.core.snapshot import SnapshotCollector
from exporters.core.telemetry import Telemetry
from exporters.docker import Engine
from exporters.slack import Accepts

__all__ = ["DeploysSettings", "Entries", "build"]


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
    follow_ups = None
    if sender and prometheus_url:
        prometheus = Prometheus(prometheus_url)
        follow_ups = FollowUps(prometheus, sender, telemetry, settings.follow_up)
    announcer = Announcer(sender, entries, follow_ups, timezone)
    journal = Journal(ledger, metrics, telemetry, announcer.tell, uuid4().hex)
    source, tracker = DeploySource(engine, settings), Tracker(settings.deadline)
    watcher = Watcher(source, tracker, metrics, journal, ledger, telemetry, settings.interval)
    engine.inventory.watch(watcher)
    registries = Registries(settings, engine.client, watcher.looks, telemetry)
    pending = SnapshotCollector(pending_families(telemetry.dropped), registries.pollers)
    optional = [follow_ups] if follow_ups else []
    return Exporter(
        "deploys",
        resources=[*optional, registries],
        services=[watcher.poller, journal, *optional, *registries.pollers],
        sources=lambda: [watcher.poller],
        collectors=[metrics, pending],
    )
