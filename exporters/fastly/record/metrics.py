"""The `cdn_*` families that lines add to: names, help texts, labels."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.exposition import HistogramFamily, Labels, Limits, OnDrop, ValueFamily
from exporters.core.exposition.family import Family
from exporters.fastly.derived import CdnMetrics
from exporters.fastly.measure import Histogram, Stream
from exporters.fastly.measure.stream import (
    DURATION_BUCKETS,
    RETRANSMIT_BUCKETS,
    ROUND_TRIP_BUCKETS,
    SPEED_BUCKETS,
)
from exporters.fastly.record.recorder import Recorded
from exporters.fastly.segment import Source

LAG_BUCKETS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
"""Seconds: a second or two in good times, an hour when the ledger was away."""

_LIMITS = Limits(label=300)
"""Hosts are bounded where they are measured; places, countries and words by their nature."""


@dataclass(frozen=True, slots=True)
class _Counter:
    """A family that adds up what lines come to."""

    of: Callable[[Stream], Iterable[tuple[Labels, int]]]
    name: str
    help_text: str
    labels: Sequence[str]

    def family(self, on_drop: OnDrop) -> ValueFamily:
        return ValueFamily(
            "counter", self.name, self.help_text, self.labels, limits=_LIMITS, on_drop=on_drop
        )


@dataclass(frozen=True, slots=True)
class _Distribution:
    """A family that tells how what lines have is spread."""

    of: Callable[[Stream], Iterable[Histogram]]
    name: str
    help_text: str
    labels: Sequence[str]
    buckets: Sequence[float]

    def family(self, on_drop: OnDrop) -> HistogramFamily:
        return HistogramFamily(
            self.name,
            self.help_text,
            self.labels,
            buckets=self.buckets,
            limits=_LIMITS,
            on_drop=on_drop,
        )


_COUNTERS = (
    _Counter(
        lambda stream: stream.requests,
        "cdn_requests_total",
        "Requests that the CDN answered, each once, at its edge.",
        ["host", "pop", "status", "cache"],
    ),
    _Counter(
        lambda stream: stream.response_bytes,
        "cdn_response_bytes_total",
        "Bytes of bodies that the CDN sent.",
        ["host", "pop", "cache"],
    ),
    _Counter(
        lambda stream: stream.protocols,
        "cdn_protocol_requests_total",
        "Requests by the versions of HTTP and IP that they came over.",
        ["host", "protocol", "ip_version"],
    ),
    _Counter(
        lambda stream: stream.countries,
        "cdn_country_requests_total",
        "Requests by country (ISO 3166 code; empty where it is not known).",
        ["host", "country"],
    ),
    _Counter(
        lambda stream: stream.errors,
        "cdn_errors_total",
        "Requests that failed at the CDN or behind it, by the CDN's word for it.",
        ["host", "pop", "reason"],
    ),
)
_DISTRIBUTIONS = (
    _Distribution(
        lambda stream: stream.durations,
        "cdn_request_duration_seconds",
        "How long requests took, from the first byte of the request to the last of the answer.",
        ["host", "cache"],
        DURATION_BUCKETS,
    ),
    _Distribution(
        lambda stream: stream.speeds,
        "cdn_audio_delivery_bytes_per_second",
        "How fast listeners got their file; answers of 64 KiB and more.",
        ["continent"],
        SPEED_BUCKETS,
    ),
    _Distribution(
        lambda stream: stream.round_trips,
        "cdn_audio_round_trip_seconds",
        "The way from the CDN to a listener and back, as TCP knew it at the end of an answer.",
        ["continent"],
        ROUND_TRIP_BUCKETS,
    ),
    _Distribution(
        lambda stream: stream.retransmits,
        "cdn_audio_retransmitted_packets",
        "Packets sent again on a listener's connection during an answer; one that belongs to two"
        " answers at a time (HTTP/2) is in both.",
        ["continent"],
        RETRANSMIT_BUCKETS,
    ),
)


class StreamMetrics(Collector):
    """What recorded lines came to. Adding is for the event loop's thread, after the commit."""

    def __init__(
        self, sources: Iterable[Source], on_drop: OnDrop, own: CdnMetrics | None = None
    ) -> None:
        """`own` are the metrics that users define; they are shown by themselves."""
        self._own = own
        self._counters = [(each.of, each.family(on_drop)) for each in _COUNTERS]
        self._distributions = [(each.of, each.family(on_drop)) for each in _DISTRIBUTIONS]
        self._lines = ValueFamily(
            "counter",
            "cdn_log_lines_total",
            "Log lines that were read.",
            ["source"],
            limits=_LIMITS,
            on_drop=on_drop,
        )
        self._lag = HistogramFamily(
            "cdn_log_lag_seconds",
            "Time from the end of a request to its line in the ledger.",
            ["source"],
            buckets=LAG_BUCKETS,
            limits=_LIMITS,
            on_drop=on_drop,
        )
        for source in sources:
            self._lines.inc((source,), 0)
            self._lag.add((source,), [0] * (len(LAG_BUCKETS) + 1), 0)

    def add(self, source: Source, recorded: Recorded) -> None:
        """Add what a segment came to."""
        self._lines.inc((source,), recorded.lines)
        for stream in recorded.streams:
            if self._own:
                self._own.add(stream.own)
            for sums, counter in self._counters:
                counter.add_many(sums(stream))
            for histograms, family in self._distributions:
                family.add_many((one.labels, one.counts, one.total) for one in histograms(stream))
            if recorded.committed_at is not None:
                self._observe_lag(source, stream, recorded.committed_at.timestamp())

    def _observe_lag(self, source: Source, stream: Stream, committed_at: float) -> None:
        """Count each request with its lag; a clock that is ahead of ours makes no lag below 0."""
        counts, total = [0] * (len(LAG_BUCKETS) + 1), 0.0
        for ended, requests in stream.ended.items():
            lag = max(0.0, committed_at - ended)
            counts[sum(lag > bound for bound in LAG_BUCKETS)] += requests
            total += lag * requests
        self._lag.add((source,), counts, total)

    def describe(self) -> Iterable[Metric]:
        """The families."""
        return self._families()

    def collect(self) -> Iterable[Metric]:
        """The families."""
        return self._families()

    def _families(self) -> list[Family[float] | Family[list[float]]]:
        counters = [family for _, family in self._counters]
        distributions = [family for _, family in self._distributions]
        return [*counters, *distributions, self._lines, self._lag]
