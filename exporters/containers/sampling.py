"""The look of each second: sample every running container, and count what a scrape would miss."""

import asyncio
from collections.abc import Sequence

from exporters.containers import pressure, services
from exporters.containers.show import lives
from exporters.containers.source import Look, Sample, Sampler
from exporters.containers.stats import StatsSource
from exporters.containers.tally import Tally
from exporters.core.errors import SourceError
from exporters.core.exporter import Health
from exporters.core.exposition import Limits, OnDrop, ValueFamily
from exporters.core.poller import Pace, Poller
from exporters.core.telemetry import Telemetry
from exporters.docker.inventory import Inventory
from exporters.docker.model import Container, Event

PACE = Pace.every(1.0, deadline=5.0)

PATIENCE = 2.0
"""Seconds that the engine gets for those whose files are hidden, while the files of others wait."""


class Sampling:
    """Reads all containers, feeds the histograms and counters, and says how that goes.

    An observer of the inventory: the histogram of a container goes when it dies.
    """

    def __init__(
        self,
        sampler: Sampler,
        stats: StatsSource,
        inventory: Inventory,
        tally: Tally,
        telemetry: Telemetry,
        limits: Limits,
        on_drop: OnDrop,
        pace: Pace = PACE,
    ) -> None:
        self._sampler, self._stats = sampler, stats
        self._inventory, self._tally = inventory, tally
        self._unclear = 0
        self.utilization = services.utilization(limits, on_drop)
        self.pressure = pressure.family()
        self.errors = ValueFamily(
            "gauge",
            "container_scrape_error",
            "Containers of which something could not be read at the last look.",
        )
        self.poller = Poller("containers", "samples", self.read, pace, telemetry)

    async def read(self) -> tuple[Sample, ...]:
        """Return a sample of every container that can be read.

        Raises SourceError where there are containers, and none of them can be read.
        """
        running = [each for each in self._inventory.containers.values() if each.running]
        look = await self._sampler.look(running)
        self._inventory.look_again(look.gone)
        asked, failed = await self._ask(look)
        held = self._inventory.containers
        samples = tuple(each for each in (*look.samples, *asked) if lives(each.container, held))
        self._count(samples, look)
        self._unclear = look.failures + failed
        self.errors.set((), float(self._unclear))
        return samples

    async def _ask(self, look: Look) -> tuple[tuple[Sample, ...], int]:
        """Ask the stats API about those whose files are hidden; the others are worth more."""
        if not look.hidden:
            return (), 0
        if not look.samples:
            return await self._stats.look(look.hidden)
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._stats.look(look.hidden)
        except (SourceError, TimeoutError):
            return (), len(look.hidden)

    def _count(self, samples: Sequence[Sample], look: Look) -> None:
        for sample in samples:
            if sample.utilization is not None:
                self.utilization.observe(services.named(sample.container), sample.utilization)
        for key, share in look.waits.items():
            self.pressure.observe(key, share)
        self._tally.sampled(samples)
        self._tally.see((each.service, each.stack) for each in self._inventory.containers.values())

    def health(self) -> Health:
        """Return the health of the looks, and of how many containers they could not read all."""
        health = self.poller.health()
        if health.reason or not self._unclear:
            return health
        reason = f"{self._unclear} containers cannot be read in full"
        return Health(health.source, health.fresh, reason, health.age)

    def changed(self, before: Container | None, after: Container | None) -> None:
        """See `Observer`."""
        if before and not (after and after.running and after.name == before.name):
            self.utilization.remove(services.named(before))

    def happened(self, event: Event) -> None:
        """See `Observer`; the tally counts events."""
