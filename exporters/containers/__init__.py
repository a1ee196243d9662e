"""Containers as they are at each second: the kernel's numbers under the engine's names."""

from exporters.containers import swarm
from exporters.containers.sampling import Sampling
from exporters.containers.settings import ContainersSettings
from exporters.containers.show import ContainersCollector
from exporters.containers.source import CgroupSource, Sampler
from exporters.containers.stats import StatsSource
from exporters.containers.tally import Tally
from exporters.core.exporter import Exporter
from exporters.core.exposition import Limits
from exporters.core.snapshot import SnapshotCollector
from exporters.core.telemetry import Telemetry
from exporters.docker import Engine

__all__ = ["ContainersSettings", "build"]


def build(settings: ContainersSettings, engine: Engine, telemetry: Telemetry) -> Exporter:
    """Return the exporter; the engine is opened and run by whoever made it."""
    limits = Limits(settings.series_limit, settings.label_limit)
    sampler = Sampler(CgroupSource(settings.cgroup_root, settings.proc_root))
    stats = StatsSource(engine.client)
    tally = Tally(engine.inventory, limits, telemetry.dropped)
    sampling = Sampling(
        sampler, stats, engine.inventory, tally, telemetry, limits, telemetry.dropped
    )
    engine.inventory.watch(tally)
    engine.inventory.watch(sampling)
    replication = swarm.Replication(engine, tally.see, telemetry)
    shown = ContainersCollector(
        sampling.poller, engine.inventory, settings.labels, limits, telemetry.dropped
    )
    return Exporter(
        name="containers",
        resources=(sampler,),
        services=(sampling.poller, replication),
        sources=lambda: (sampling, replication.poller),
        collectors=(
            shown,
            SnapshotCollector([swarm.family(limits, telemetry.dropped)], [replication.poller]),
            *tally.families,
            sampling.utilization,
            sampling.pressure,
            sampling.errors,
        ),
    )
