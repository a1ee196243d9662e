"""Services of a swarm: how many tasks each wants and has. Only a manager knows."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporters.core.exposition import Limits, OnDrop, ValueFamily
from exporters.core.poller import Pace, Poller
from exporters.core.snapshot import Rows, Sheet
from exporters.core.telemetry import Telemetry
from exporters.docker import Engine
from exporters.docker.model import service_identity, well_formed

REPLICAS = "swarm_service_replicas"
PACE = Pace.every(5.0)


@dataclass(frozen=True, slots=True)
class Replicas:
    """The tasks of one service."""

    service: str
    stack: str
    desired: int
    running: int


class Replication:
    """Keeps the replicas of every service; where no engine answers it waits until one does."""

    name = "containers/swarm"

    def __init__(
        self,
        engine: Engine,
        see: Callable[[Iterable[tuple[str, str]]], None],
        telemetry: Telemetry,
        pace: Pace = PACE,
    ) -> None:
        """`see` is told the services and stacks that there are."""
        self._engine = engine
        self._see = see
        self._pace = pace
        self.poller = Poller("containers", "swarm", self.read, pace, telemetry)

    async def run(self) -> None:
        """Poll until cancelled."""
        while await self._engine.inventory.answers.wait():
            await self.poller.poll()
            await asyncio.sleep(self._pace.interval)

    async def read(self) -> Sheet:
        """Return the rows of `swarm_service_replicas`; raises SourceError."""
        found = parse_replicas(await self._engine.node.services())
        self._see((each.service, each.stack) for each in found)
        return sheet(found)


@well_formed
def parse_replicas(answer: Sequence[Mapping[str, Any]]) -> tuple[Replicas, ...]:
    """Return the services of `GET /services?status=true`, which tells of tasks since API 1.41."""
    found = []
    for each in answer:
        spec, status = each["Spec"], each.get("ServiceStatus")
        service, stack = service_identity(spec)
        if status:
            running, desired = int(status["RunningTasks"]), int(status["DesiredTasks"])
            found.append(Replicas(service, stack, desired, running))
    return tuple(found)


def sheet(found: tuple[Replicas, ...]) -> Sheet:
    """Return the rows of `swarm_service_replicas`."""
    rows: Rows = [
        ((each.service, each.stack, state), float(count))
        for each in found
        for state, count in (("desired", each.desired), ("running", each.running))
    ]
    return {REPLICAS: rows}


def family(limits: Limits, on_drop: OnDrop) -> ValueFamily:
    """Return the family, empty."""
    return ValueFamily(
        "gauge",
        REPLICAS,
        "Tasks of a Swarm service that are wanted and that run, as a manager knows them.",
        ("service", "stack", "state"),
        limits=limits,
        on_drop=on_drop,
    )
