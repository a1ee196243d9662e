"""What a scrape shows: the last look, without the containers that have died since."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import cast

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.containers import metrics, services
from exporters.containers.kinds import One, Values
from exporters.containers.settings import label_name
from exporters.containers.source import Sample
from exporters.core.exposition import Labels, Limits, OnDrop, ValueFamily
from exporters.core.poller import Poller
from exporters.docker.inventory import Inventory
from exporters.docker.model import Container

Looks = Poller[tuple[Sample, ...]]
Of = Callable[[Sample], Values]
Columns = tuple[list[int], list[Labels], list[float]]
"""The number of the container, the labels beyond its own, and the value of each row."""


class ContainersCollector(Collector):
    """Writes the families out of the last look when a scrape asks for them.

    Not as soon as they are read, as other exporters do: there are fifteen looks for a scrape.
    A family without rows is not on the page.
    """

    def __init__(
        self,
        looks: Looks,
        inventory: Inventory,
        chosen: Sequence[str],
        limits: Limits,
        on_drop: OnDrop,
    ) -> None:
        """`chosen`: the labels of containers that are served."""
        self._looks = looks
        self._inventory = inventory
        self._chosen = tuple(chosen)
        names = tuple(label_name(label) for label in chosen)
        families = metrics.families(names, limits, on_drop)
        kinds = (kind.of for kind in metrics.KINDS)
        self._kinds = tuple(zip(kinds, map(_Sheet, families), strict=True))
        sockets, self._state, self._health = services.families(limits, on_drop)
        self._sockets = _Sheet(sockets)
        self._containers: list[Container] = []
        self._base: list[Labels] = []
        self._named: list[Labels] = []
        self._everyone: list[int] = []
        self._known: tuple[Container, ...] = ()

    def describe(self) -> Iterable[Metric]:
        """Every family that may come: a registry refuses a second of the same name."""
        own = (sheet.family for _, sheet in self._kinds)
        return (*own, self._sockets.family, self._state, self._health)

    def collect(self) -> Iterator[Metric]:
        """The families that have rows now, one by one, so that others get a turn in between."""
        held = self._inventory.containers
        samples = [each for each in self._looks.snapshot or () if lives(each.container, held)]
        self._settle(samples)
        # Another may ask between two families of ours, and find other containers.
        base, named, everyone = self._base, self._named, self._everyone
        for of, sheet in self._kinds:
            yield from sheet.filled(base, *_columns(of, samples, everyone))
        yield from self._sockets.filled(named, *_rows(services.sockets, samples))
        known = tuple(held.values()) if self._inventory.fresh else ()
        if known != self._known:
            self._known = known
            self._state.replace(services.states(known))
            self._health.replace(services.healths(known))
        yield from (family for family in (self._state, self._health) if len(family))

    def _settle(self, samples: Sequence[Sample]) -> None:
        """Make the labels of the containers anew where they are not those of the last scrape."""
        containers = [each.container for each in samples]
        if containers != self._containers:
            self._containers = containers
            self._base = [self._labels(each) for each in containers]
            self._named = [services.named(each) for each in containers]
            self._everyone = list(range(len(containers)))

    def _labels(self, container: Container) -> Labels:
        return (
            f"/docker/{container.id}",
            *(container.name, container.image, container.service, container.stack),
            *(container.labels.get(label, "") for label in self._chosen),
        )


class _Sheet:
    """A family and the place of each of its values: mostly only the values are new."""

    def __init__(self, family: ValueFamily) -> None:
        self.family = family
        self._places: tuple[object, ...] = ()
        self._values: list[float] = []

    def filled(
        self, base: list[Labels], owners: list[int], extra: list[Labels], values: list[float]
    ) -> Iterator[Metric]:
        """Fill the family, and give it if there is something in it."""
        known = self._places and self._places[0] is base and self._places[1:] == (owners, extra)
        if known and len(self.family) == len(values):
            if values != self._values:
                self.family.refill(values)
        else:
            keys = ((*base[owner], *more) for owner, more in zip(owners, extra, strict=True))
            self.family.replace(zip(keys, values, strict=True))
            self._places = (base, owners, extra)
        self._values = values
        if values:
            yield self.family


def lives(container: Container, held: Mapping[str, Container]) -> bool:
    """Whether a container that was sampled is still there: the same run under the same name."""
    now = held.get(container.id)
    return now is container or (
        now is not None and (now.pid, now.name) == (container.pid, container.name)
    )


def _columns(of: Of, samples: Sequence[Sample], everyone: list[int]) -> Columns:
    """The columns of a family; `everyone` has the numbers of all containers."""
    if isinstance(of, One):
        numbers = list(map(of.get, samples))
        if None not in numbers:  # the common case, and most of the page
            return everyone, [of.labels] * len(samples), cast("list[float]", numbers)
    return _rows(of, samples)


def _rows(of: Of, samples: Sequence[Sample]) -> Columns:
    owners, extra, values = [], [], []
    for owner, sample in enumerate(samples):
        for labels, value in of(sample):
            owners.append(owner)
            extra.append(labels)
            values.append(value)
    return owners, extra, values
