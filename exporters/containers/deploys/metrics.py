"""Names, help texts and labels of `deploy_*`."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.containers.deploys.images import Release
from exporters.containers.deploys.model import Deploy, Service
from exporters.core.exposition import HistogramFamily, Limits, OnDrop, Policy, ValueFamily
from exporters.core.exposition.limits import Labels

SERVICES = 500
"""Services of one label: a swarm of more is watched by more than one ledger."""

COUNTED = ("started", "completed", "rolled_back", "failed")
"""The values of the label `outcome`."""

PENDING = "deploy_pending"
PENDING_SINCE = "deploy_pending_since_timestamp_seconds"

_SERVICE = ("service", "stack")
_BUCKETS = (1, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)


class DeployMetrics(Collector):
    """What became of deploys, what runs now, what waits to be deployed."""

    def __init__(self, on_drop: OnDrop, limit: int = SERVICES) -> None:
        sums = Limits(label=limit)
        exact = Limits(series=limit, label=limit, policy=Policy.DROP)
        self.total = ValueFamily(
            "counter",
            "deploy_total",
            "Deploys by what became of them, each counted by one of all that watch: sum them. One"
            " that another overtook, or whose service was removed, has started and no end.",
            (*_SERVICE, "outcome"),
            limits=sums,
            on_drop=on_drop,
        )
        self.duration = HistogramFamily(
            "deploy_duration_seconds",
            "How long deploys took from start to end, good or bad.",
            _SERVICE,
            buckets=_BUCKETS,
            limits=sums,
            on_drop=on_drop,
        )
        self.last = ValueFamily(
            "gauge",
            "deploy_last_timestamp_seconds",
            "Since when a service runs what it runs; the current version only.",
            (*_SERVICE, "image", "version", "deployer"),
            limits=exact,
            on_drop=on_drop,
        )
        self.unrecorded = ValueFamily(
            "counter",
            "deploy_records_dropped_total",
            "Deploys that were neither kept nor announced, since the ledger was away too long.",
        )
        self.waiting = ValueFamily(
            "gauge", "deploy_records_waiting", "Notes about deploys that wait for the ledger."
        )
        self.unrecorded.inc((), 0)
        self.waiting.set((), 0)

    def collect(self) -> Iterable[Metric]:
        """Every family that has something to show."""
        return (family for family in self._families() if len(family))

    def describe(self) -> Iterable[Metric]:
        """Every family."""
        return self._families()

    def _families(self) -> tuple[ValueFamily | HistogramFamily, ...]:
        return (
            self.total,
            self.duration,
            self.last,
            self.unrecorded,
            self.waiting,
        )

    def happened(self, deploy: Deploy) -> None:
        """Count a start, or an end."""
        labels, outcome = deploy.service.labels, deploy.outcome or "started"
        if outcome in COUNTED:
            self.total.inc((*labels, outcome))
            if deploy.outcome:
                self.duration.observe(labels, deploy.seconds)

    def introduce(self, service: Service) -> None:
        """Make every outcome of a service appear, at 0 where it is new."""
        for outcome in COUNTED:
            self.total.inc((*service.labels, outcome), 0)

    def current(self, running: Iterable[tuple[Service, Release, float]]) -> None:
        """Show what runs now, and nothing that ran before."""
        rows: dict[Labels, tuple[Labels, float]] = {}
        for service, release, since in running:
            labels = (*service.labels, release.image, release.version, release.deployer)
            rows[service.labels] = (labels, since)
        self.last.replace(rows.values())


def pending_families(on_drop: OnDrop, limit: int = SERVICES) -> tuple[ValueFamily, ...]:
    """Return the gauges of what was pushed and is not deployed, empty."""
    limits = Limits(series=limit, label=limit, policy=Policy.DROP)
    texts = {
        PENDING: "Whether the registry has another image under a service's tag than runs: 1 if so.",
        PENDING_SINCE: "When the registry was first seen to have an image that is not deployed;"
        " only while it is so.",
    }
    return tuple(
        ValueFamily("gauge", name, text, _SERVICE, limits=limits, on_drop=on_drop)
        for name, text in texts.items()
    )
