"""The sums of what was measured: each second counted once, and forgotten with its place."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from time import monotonic, time

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.exposition import HistogramFamily, Labels, Limits, OnDrop, ValueFamily
from exporters.fastly.realtime import metrics
from exporters.fastly.realtime.fields import Field, fields
from exporters.fastly.realtime.model import Channel, Measurements, Second, Service, amount

_QUIET = 86400.0
"""Seconds after which a place without a request is forgotten: its counters then begin anew, which
would be wrong for one that only sleeps at night."""

_MISSES = "miss_histogram"


class Statistics(Collector):
    """Counters of every service in every place; also their collector.

    A family without series is not on the page. Series that nothing was counted in are only there
    where `Field.always` says so: two hundred zeros for each place tell nobody anything.
    """

    def __init__(
        self,
        limits: Limits,
        on_drop: OnDrop,
        clock: Callable[[], float] = monotonic,
        wall_clock: Callable[[], float] = time,
    ) -> None:
        self._clock, self._wall_clock = clock, wall_clock
        self._measured = metrics.measured(limits, on_drop)
        self._misses = metrics.miss_duration(limits, on_drop)
        self._sizes = metrics.object_size(limits, on_drop)
        self._requests = metrics.requests(limits, on_drop)
        self._lost = metrics.lost(limits, on_drop)
        self._last_success = metrics.last_success(on_drop)
        self._delay = metrics.aggregate_delay(on_drop)
        self._info = metrics.service_info(on_drop)
        self._services: dict[str, Service] = {}
        # By service, when each place was last heard of.
        self._seen: dict[str, dict[str, float]] = {}

    def describe(self) -> Iterable[Metric]:
        """Every family that may come."""
        return self._families()

    def collect(self) -> Iterable[Metric]:
        """The families that have series."""
        return [family for family in self._families() if len(family)]

    def _families(self) -> tuple[ValueFamily | HistogramFamily, ...]:
        return (
            *self._measured.values(),
            self._misses,
            self._sizes,
            self._requests,
            self._lost,
            self._last_success,
            self._delay,
            self._info,
        )

    def introduce(self, service: Service) -> None:
        """A service is there, or has another name or version; under another name it begins anew."""
        known = self._services.get(service.id)
        if known == service:
            return
        if known and known.name != service.name:
            self.forget(known)
        elif known:
            self._info.remove((known.id, known.name, known.version))
        self._services[service.id] = service
        self._seen.setdefault(service.id, {})
        labels = (service.id, service.name)
        for result in (metrics.SUCCESS, metrics.IDLE, metrics.ERROR):
            self._requests.inc((*labels, result), 0)
        self._lost.inc(labels, 0)
        if service.version:
            self._info.set((*labels, service.version), 1)

    def forget(self, service: Service) -> None:
        """A service is gone: so is every series of it."""
        known = self._services.pop(service.id, service)
        labels = (known.id, known.name)
        for place in self._seen.pop(known.id, {}):
            self._forget_place((*labels, place))
        for result in (metrics.SUCCESS, metrics.IDLE, metrics.ERROR):
            self._requests.remove((*labels, result))
        for family in (self._lost, self._last_success, self._delay):
            family.remove(labels)
        self._info.remove((*labels, known.version))

    def failed(self, service: Service) -> None:
        """A request for a service gave nothing."""
        self._requests.inc((service.id, service.name, metrics.ERROR))

    def lose(self, service: Service, seconds: int) -> None:
        """These seconds of a service can never be read."""
        self._lost.inc((service.id, service.name), seconds)

    def add(self, service: Service, answer: Channel, new: Sequence[Second]) -> None:
        """An answer came; `new` are those of its seconds that were not counted before."""
        labels = (service.id, service.name)
        result = metrics.IDLE if answer.idle else metrics.SUCCESS
        self._requests.inc((*labels, result))
        self._last_success.set(labels, self._wall_clock())
        self._delay.set(labels, answer.delay)
        seen, now = self._seen[service.id], self._clock()
        places: defaultdict[str, list[Measurements]] = defaultdict(list)
        for second in new:
            for place, measured in second.places.items():
                places[place].append(measured)
        for place, several in places.items():
            self._count((*labels, place), several, begins=place not in seen)
            seen[place] = now

    def prune(self, places: Collection[str] | None = None) -> None:
        """Forget places that were quiet for a day, or that are none of the CDN's `places`."""
        now = self._clock()
        for id_, seen in self._seen.items():
            service = self._services[id_]
            gone = [
                place
                for place, heard in seen.items()
                if now - heard > _QUIET or (places and place not in places)
            ]
            for place in gone:
                del seen[place]
                self._forget_place((service.id, service.name, place))

    def _count(self, labels: Labels, several: Sequence[Measurements], *, begins: bool) -> None:
        for field in fields():
            number = sum(amount(_first(measured, field)) for measured in several)
            if number or (begins and field.always):
                family = self._measured[field.family]
                family.inc(_labels(labels, field), number * field.scale)
        for measured in several:
            self._count_misses(labels, measured)
            self._count_sizes(labels, measured)

    def _count_misses(self, labels: Labels, measured: Measurements) -> None:
        found = measured.get(_MISSES)
        counts = [0.0] * (len(metrics.MISS_BUCKETS) + 1)
        total = 0.0
        for milliseconds, count in _misses(found if isinstance(found, dict) else {}):
            counts[bisect_left(metrics.MISS_BUCKETS, milliseconds / 1000)] += count
            total += count * milliseconds / 1000
        if any(counts):
            self._misses.add(labels, counts, total)

    def _count_sizes(self, labels: Labels, measured: Measurements) -> None:
        counts = [amount(measured.get(name)) for name, _ in metrics.SIZES]
        if any(counts):
            # Of those without an upper bound we know only that they are over the last one.
            bounds = [bound for _, bound in metrics.SIZES[:-1]]
            total = sum(n * b for n, b in zip(counts, [*bounds, bounds[-1]], strict=True))
            self._sizes.add(labels, counts, total)

    def _forget_place(self, labels: Labels) -> None:
        for field in fields():
            self._measured[field.family].remove(_labels(labels, field))
        self._misses.remove(labels)
        self._sizes.remove(labels)


def _first(measured: Measurements, field: Field) -> object:
    return next((measured[key] for key in field.keys if key in measured), 0)


def _labels(place: Labels, field: Field) -> Labels:
    return (*place, field.label.value) if field.label else place


def _misses(histogram: dict[str, object]) -> Iterator[tuple[float, float]]:
    """Give each upper bound in milliseconds and its count; what is no number is left out."""
    for bound, count in histogram.items():
        if bound.isascii() and bound.isdigit() and len(bound) < 10:
            yield float(bound), amount(count)
