"""The `cdn_*` families that lines add to: names, help texts, labels."""

from collections.abc import Iterable, Sequence

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.exposition import HistogramFamily, Limits, OnDrop, ValueFamily
from exporters.core.exposition.family import Family
from exporters.fastly.derived import CdnMetrics
from exporters.fastly.measure import Stream
from exporters.fastly.measure.stream import DURATION_BUCKETS, SPEED_BUCKETS
from exporters.fastly.record.recorder import Recorded
from exporters.fastly.segment import Source

LAG_BUCKETS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
"""Seconds: a second or two in good times, an hour when the ledger was away."""

_LIMITS = Limits(label=300)
"""Hosts are bounded where they are measured; places, countries and words by their nature."""


def _counter(name: str, help_text: str, labels: Sequence[str], on_drop: OnDrop) -> ValueFamily:
    return ValueFamily("counter", name, help_text, labels, limits=_LIMITS, on_drop=on_drop)


class StreamMetrics(Collector):
    """What recorded lines came to. Adding is for the event loop's thread, after the commit."""

    def __init__(
        self, sources: Iterable[Source], on_drop: OnDrop, own: CdnMetrics | None = None
    ) -> None:
        """`own` are the metrics that users define; they are shown by themselves."""
        self._own = own
        self._requests = _counter(
            "cdn_requests_total",
            "Requests that the CDN answered, each once, at its edge.",
            ["host", "pop", "status", "cache"],
            on_drop,
        )
        self._bytes = _counter(
            "cdn_response_bytes_total",
            "Bytes of bodies that the CDN sent.",
            ["host", "pop", "cache"],
            on_drop,
        )
        self._durations = HistogramFamily(
            "cdn_request_duration_seconds",
            "How long requests took, from the first byte of the request to the last of the answer.",
            ["host", "cache"],
            buckets=DURATION_BUCKETS,
            limits=_LIMITS,
            on_drop=on_drop,
        )
        self._protocols = _counter(
            "cdn_protocol_requests_total",
            "Requests by the versions of HTTP and IP that they came over.",
            ["host", "protocol", "ip_version"],
            on_drop,
        )
        self._countries = _counter(
            "cdn_country_requests_total",
            "Requests by country (ISO 3166 code; empty where it is not known).",
            ["host", "country"],
            on_drop,
        )
        self._errors = _counter(
            "cdn_errors_total",
            "Requests that failed at the CDN or behind it, by the CDN's word for it.",
            ["host", "pop", "reason"],
            on_drop,
        )
        self._speeds = HistogramFamily(
            "cdn_audio_delivery_bytes_per_second",
            "How fast listeners got their file; answers of 64 KiB and more.",
            ["continent"],
            buckets=SPEED_BUCKETS,
            limits=_LIMITS,
            on_drop=on_drop,
        )
        self._lines = _counter(
            "cdn_log_lines_total", "Log lines that were read.", ["source"], on_drop
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
            self._requests.add_many(stream.requests)
            self._bytes.add_many(stream.response_bytes)
            self._protocols.add_many(stream.protocols)
            self._countries.add_many(stream.countries)
            self._errors.add_many(stream.errors)
            for family, histograms in (
                (self._durations, stream.durations),
                (self._speeds, stream.speeds),
            ):
                family.add_many((one.labels, one.counts, one.total) for one in histograms)
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

    def _families(self) -> tuple[Family[float] | Family[list[float]], ...]:
        return (
            self._requests,
            self._bytes,
            self._durations,
            self._protocols,
            self._countries,
            self._errors,
            self._speeds,
            self._lines,
            self._lag,
        )
