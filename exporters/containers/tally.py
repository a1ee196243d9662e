"""What befell a service: counters that outlive its containers, since each has a new name."""

from collections.abc import Callable, Iterable, Sequence
from time import time

from exporters.containers.deaths import Deaths, Kills, Starts
from exporters.containers.source import Sample
from exporters.core.exposition import Limits, OnDrop, ValueFamily
from exporters.docker.inventory import Inventory
from exporters.docker.model import SWARM_TASK, Container, Event, identity

Service = tuple[str, str]
"""Service and stack."""

KEPT = 24 * 3600.0
"""Seconds that the counters of a service stay after it is gone."""

_CODES = ("0", "1", "137", "139", "143")
"""Exit codes that are there from 0: done, failed, killed, crashed, told to stop."""

_LABELS = ("service", "stack")


class Tally:
    """Counts restarts, kills and exits by service; an observer of the inventory."""

    def __init__(
        self,
        inventory: Inventory,
        limits: Limits,
        on_drop: OnDrop,
        clock: Callable[[], float] = time,
    ) -> None:
        def counter(name: str, text: str, *labels: str) -> ValueFamily:
            names = (*_LABELS, *labels)
            return ValueFamily("counter", name, text, names, limits=limits, on_drop=on_drop)

        self._inventory = inventory
        self._clock = clock
        self._began = clock()
        self._deaths = Deaths(self._began)
        self._starts = Starts()
        self._kills: dict[str, Kills] = {}
        self._stopping: set[str] = set()
        self._failed_slots: dict[str, Service] = {}
        self._seen: dict[Service, float] = {}
        self._codes: dict[Service, set[str]] = {}
        self.restarts = counter(
            "container_restarts_total",
            "Starts of a service's containers after they had run before, and Swarm's replacements"
            " of tasks that failed.",
        )
        self.kills = counter(
            "container_oom_events_total",
            "Times that a service's containers ran out of memory and lost a process.",
        )
        self.exits = counter(
            "container_exits_total", "Ends of a service's containers by exit code.", "code"
        )

    @property
    def families(self) -> Sequence[ValueFamily]:
        """The three counters."""
        return self.restarts, self.kills, self.exits

    def see(self, services: Iterable[Service]) -> None:
        """Keep these services, new ones from 0; forget those unseen for a day."""
        now = self._clock()
        for service in services:
            self._meet(service, now)
        for service in [each for each, seen in self._seen.items() if now - seen > KEPT]:
            self._forget(service)

    def sampled(self, samples: Iterable[Sample]) -> None:
        """Take the kernel's counts of kills."""
        for sample in samples:
            if (kills := sample.reading.memory.kills) is not None:
                new = self._known_kills(sample.container, kills).count(kills)
                self._add(self.kills, _service(sample.container), new)

    def _known_kills(self, container: Container, kills: int) -> Kills:
        """What is known of this run; the kernel's count from before we began is none of ours."""
        if container.id not in self._kills:
            earlier = kills if container.started_at < self._began else 0
            self._kills[container.id] = Kills(kernel=earlier)
        return self._kills[container.id]

    def changed(self, before: Container | None, after: Container | None) -> None:
        """See `Observer`."""
        if after is None:
            if before:
                self._let_go(before.id)
            return
        service = _service(after)
        self._meet(service, self._clock())
        if self._deaths.by_inspection(after):
            self._exit(service, str(after.exit_code))
            if after.oom_killed and not after.running:
                self._add(self.kills, service, self._kills.setdefault(after.id, Kills()).count(1))
        self._add(self.restarts, service, self._starts.again(after))

    def happened(self, event: Event) -> None:
        """See `Observer`."""
        if event.action == "kill":
            self._stopping.add(event.id)
        elif event.action == "oom":
            kills = self._kills.setdefault(event.id, Kills())
            self._add(self.kills, _service_of(event), kills.event())
        elif event.action == "die":
            self._died(event)
        elif event.action == "start":
            self._started(event)
        elif event.action == "destroy":
            self._let_go(event.id)

    def _died(self, event: Event) -> None:
        if self._deaths.by_event(event.id, event.time):
            self._exit(_service_of(event), event.attributes.get("exitCode", ""))
        known = self._inventory.containers.get(event.id)
        told_to = event.id in self._stopping and not (known and known.health == "unhealthy")
        if (slot := _slot(event)) and not told_to:
            self._failed_slots[slot] = _service_of(event)

    def _started(self, event: Event) -> None:
        self._stopping.discard(event.id)
        self._kills.pop(event.id, None)
        if service := self._failed_slots.pop(_slot(event), None):
            self._add(self.restarts, service, 1)

    def _let_go(self, key: str) -> None:
        self._deaths.forget(key)
        self._starts.forget(key)
        self._kills.pop(key, None)
        self._stopping.discard(key)

    def _exit(self, service: Service, code: str) -> None:
        self._meet(service, self._clock())
        self._codes[service].add(code)
        self.exits.inc((*service, code))

    def _add(self, family: ValueFamily, service: Service, amount: int) -> None:
        self._meet(service, self._clock())
        if amount:
            family.inc(service, amount)

    def _meet(self, service: Service, now: float) -> None:
        if service not in self._seen:
            self._codes[service] = set(_CODES)
            self.restarts.inc(service, 0)
            self.kills.inc(service, 0)
            for code in _CODES:
                self.exits.inc((*service, code), 0)
        self._seen[service] = now

    def _forget(self, service: Service) -> None:
        del self._seen[service]
        self.restarts.remove(service)
        self.kills.remove(service)
        for code in self._codes.pop(service):
            self.exits.remove((*service, code))
        for slot in [slot for slot, of in self._failed_slots.items() if of == service]:
            del self._failed_slots[slot]


def _service(container: Container) -> Service:
    return container.service, container.stack


def _service_of(event: Event) -> Service:
    return identity(event.name, event.attributes)


def _slot(event: Event) -> str:
    """`stack_web.2` of the task `stack_web.2.k3…`; empty for what is no task."""
    return event.attributes.get(SWARM_TASK, "").rpartition(".")[0]
