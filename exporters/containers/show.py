"""What a scrape shows: the last look, without the containers that have died since."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.containers import metrics, services
from exporters.containers.settings import label_name
from exporters.containers.source import Sample
from exporters.core.exposition import Labels, Limits, OnDrop, Row, ValueFamily
from exporters.core.poller import Poller
from exporters.docker.inventory import Inventory
from exporters.docker.model import Container

Looks = Poller[tuple[Sample, ...]]


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
        self._kinds = tuple(
            zip(metrics.KINDS, metrics.families(names, limits, on_drop), strict=True)
        )
        self._sockets, self._state, self._health = services.families(limits, on_drop)
        self._labels: dict[str, tuple[Container, Labels]] = {}

    def describe(self) -> Iterable[Metric]:
        """Every family that may come: a registry refuses a second of the same name."""
        own = (family for _, family in self._kinds)
        return (*own, self._sockets, self._state, self._health)

    def collect(self) -> Iterator[Metric]:
        """The families that have rows now, one by one, so that others get a turn in between."""
        held = self._inventory.containers
        samples = [each for each in self._looks.snapshot or () if lives(each.container, held)]
        base = [self._base(each.container) for each in samples]
        self._labels = {each.container.id: self._labels[each.container.id] for each in samples}
        known = tuple(held.values()) if self._inventory.fresh else ()
        for kind, family in self._kinds:
            yield from _filled(family, _rows(kind, samples, base))
        yield from _filled(self._sockets, services.sockets(samples))
        yield from _filled(self._state, services.states(known))
        yield from _filled(self._health, services.healths(known))

    def _base(self, container: Container) -> Labels:
        known = self._labels.get(container.id)
        if known and known[0] is container:
            return known[1]
        labels = (
            f"/docker/{container.id}",
            *(container.name, container.image, container.service, container.stack),
            *(container.labels.get(label, "") for label in self._chosen),
        )
        self._labels[container.id] = (container, labels)
        return labels


def lives(container: Container, held: Mapping[str, Container]) -> bool:
    """Whether a container that was sampled is still there: the same run under the same name."""
    now = held.get(container.id)
    return now is container or (
        now is not None and (now.pid, now.name) == (container.pid, container.name)
    )


def _rows(kind: metrics.Kind, samples: Sequence[Sample], base: Sequence[Labels]) -> Iterator[Row]:
    for labels, sample in zip(base, samples, strict=True):
        for extra, value in kind.of(sample):
            yield (*labels, *extra), value


def _filled(family: ValueFamily, rows: Iterable[Row]) -> Iterator[Metric]:
    family.replace(rows)
    if len(family):
        yield family
