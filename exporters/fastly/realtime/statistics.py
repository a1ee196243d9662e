"""The sums of what was measured: each second counted once, and forgotten with its place."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from time import monotonic, time

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.exposition import HistogramFamily, Labels, Limits, OnDrop, ValueFamily
from exporters.fastly.realtime import metrics
from exporters.fastly.realtime.fields import Field, by_key, fields
from exporters.fastly.realtime.model import Channel, Service
from exporters.fastly.realtime.sums import Sum, Sums

_QUIET = 86400.0
"""Seconds after which a place without a request is forgotten: its counters then begin anew, which
would be wrong for one that only sleeps at night."""

_SILENT = 300.0
"""Seconds after which a place that is none of the CDN's is: the list may lack one that is new."""


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

    def add(self, service: Service, answer: Channel, sums: Sums) -> None:
        """An answer came; `sums` are those of its seconds that were not counted before."""
        labels = (service.id, service.name)
        result = metrics.IDLE if answer.idle else metrics.SUCCESS
        self._requests.inc((*labels, result))
        self._last_success.set(labels, self._wall_clock())
        self._delay.set(labels, answer.delay)
        seen, now = self._seen[service.id], self._clock()
        rows: defaultdict[str, list[tuple[Labels, float]]] = defaultdict(list)
        for place, found in sums.items():
            where = (*labels, place)
            for field, number in _numbers(found, begins=place not in seen):
                rows[field.family].append((_labels(where, field), number))
            self._count_misses(where, found)
            self._count_sizes(where, found)
            seen[place] = now
        for family, those in rows.items():
            self._measured[family].add_many(those)

    def prune(self, places: Collection[str] | None = None) -> None:
        """Forget places that were quiet for a day, or are silent and none of the CDN's `places`."""
        now = self._clock()
        for id_, seen in self._seen.items():
            service = self._services[id_]
            gone = [
                place
                for place, heard in seen.items()
                if now - heard > (_SILENT if places and place not in places else _QUIET)
            ]
            for place in gone:
                del seen[place]
                self._forget_place((service.id, service.name, place))

    def _count_misses(self, labels: Labels, found: Sum) -> None:
        counts = [0.0] * (len(metrics.MISS_BUCKETS) + 1)
        for milliseconds, count in found.misses.items():
            counts[bisect_left(metrics.MISS_BUCKETS, milliseconds / 1000)] += count
        if found.misses:
            total = sum(bound * count for bound, count in found.misses.items())
            self._misses.add(labels, counts, total / 1000)

    def _count_sizes(self, labels: Labels, found: Sum) -> None:
        counts = [found.numbers.get(name, 0.0) for name, _ in metrics.SIZES]
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


def _numbers(found: Sum, *, begins: bool) -> Iterator[tuple[Field, float]]:
    """Give what is to be added to the families; the usual ones from 0 on, in a new place."""
    for field in fields() if begins else ():
        if field.always:
            yield field, 0.0
    numbers = found.numbers
    for key, number in numbers.items():
        for field in by_key().get(key, ()):
            # Where the API has a measurement under two names, it is the same twice.
            if field.keys[0] == key or field.keys[0] not in numbers:
                yield field, number * field.scale


def _labels(place: Labels, field: Field) -> Labels:
    return (*place, field.label.value) if field.label else place
