"""Fastly's real-time statistics under fastly-exporter's names, each second counted once."""

from pydantic import SecretStr

from exporters.core.exporter import Exporter
from exporters.core.exposition import Limits
from exporters.core.poller import Pace, Poller
from exporters.core.snapshot import Sheet, SnapshotCollector
from exporters.core.telemetry import Telemetry
from exporters.fastly.api import FastlyApi
from exporters.fastly.realtime import metrics
from exporters.fastly.realtime.account import Account
from exporters.fastly.realtime.channel import DEADLINE, EXPORTER
from exporters.fastly.realtime.services import Services
from exporters.fastly.realtime.settings import RealtimeSettings
from exporters.fastly.realtime.statistics import Statistics

__all__ = ["RealtimeSettings", "build"]

_PLACES, _TOKEN, _CERTIFICATES = 600.0, 3600.0, 6 * 3600.0
"""Seconds between two reads: as fastly-exporter does, but it reads the token only once."""


def build(settings: RealtimeSettings, telemetry: Telemetry) -> Exporter:
    """Return the exporter; `settings.token` is there."""
    token = settings.token or SecretStr("")
    api = FastlyApi(settings.api_url, token)
    live = FastlyApi(
        settings.url,
        token,
        name="Fastly's real-time API",
        deadline=DEADLINE,
        largest=64 * 1024 * 1024,
    )
    account = Account(api)
    statistics = Statistics(Limits(), telemetry.dropped)
    services = Services(account, live, settings.service_ids, statistics, telemetry)
    places = Poller(EXPORTER, "datacenters", account.places, Pace.every(_PLACES), telemetry)
    others = [
        Poller(EXPORTER, "certificates", account.certificates, _slow(_CERTIFICATES), telemetry),
        Poller(EXPORTER, "token", account.token, _slow(_TOKEN), telemetry),
    ]

    async def prune() -> None:
        statistics.prune(_codes(places.snapshot))

    services.poller.follow(prune)
    families = metrics.account(telemetry.dropped)
    return Exporter(
        EXPORTER,
        resources=[api, live],
        services=[services.poller, services, places, *others],
        sources=lambda: [services.poller, *services.channels()],
        collectors=[statistics, SnapshotCollector(families, [places, *others])],
    )


def _slow(interval: float) -> Pace:
    """A pace for what seldom changes: failures are tried again much sooner than that."""
    pace = Pace.every(interval)
    return Pace(pace.interval, pace.deadline, pace.max_age, Pace.every(600.0).backoff)


def _codes(sheet: Sheet | None) -> frozenset[str]:
    return frozenset(labels[0] for labels, _ in (sheet or {}).get(metrics.DATACENTER, ()))
