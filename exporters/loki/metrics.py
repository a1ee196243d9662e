"""Names and help texts of what the sink tells Prometheus."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.exposition import HistogramFamily, ValueFamily

DROPS = (
    "queue_full",
    "too_old",
    "too_new",
    "too_long",
    "labels",
    "metadata",
    "refused",
    "damaged",
)
"""Why a line never reached Loki: the oldest made room; Loki's limits, known beforehand or by its
answer; another refusal of Loki's; a file of the queue could not be read (counted once a file)."""

FAILURES = (
    "unavailable",
    "timeout",
    "rate_limited",
    "server_error",
    "rejected",
    "blocked",
    "too_large",
    "refused_lines",
)
"""Why a push did not succeed; after the last two it is pushed in parts."""

_BUCKETS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)


class LokiMetrics(Collector):
    """What became of lines; every series is there from the start."""

    def __init__(self) -> None:
        self.sent = ValueFamily("counter", "log_entries_sent_total", "Log lines that Loki took.")
        self.dropped = ValueFamily(
            "counter",
            "log_entries_dropped_total",
            "Log lines that never reached Loki, by reason.",
            ("reason",),
        )
        self.failures = ValueFamily(
            "counter",
            "log_push_failures_total",
            "Pushes to Loki that did not succeed, by reason; their lines wait on disk.",
            ("reason",),
        )
        self.queue = ValueFamily(
            "gauge", "log_queue_bytes", "Bytes of log lines, compressed, that wait for Loki."
        )
        self.lag = HistogramFamily(
            "log_lag_seconds",
            "Age of the oldest line of a push when Loki took it.",
            buckets=_BUCKETS,
        )
        self.sent.inc((), 0)
        self.introduce(*DROPS)
        for reason in FAILURES:
            self.failures.inc((reason,), 0)
        self.queue.set((), 0)
        self.lag.add((), (0,) * (len(_BUCKETS) + 1), 0)

    def introduce(self, *reasons: str) -> None:
        """Make series of `log_entries_dropped_total` appear: callers have reasons of their own."""
        for reason in reasons:
            self.dropped.inc((reason,), 0)

    def describe(self) -> Iterable[Metric]:
        """The families."""
        return (self.sent, self.dropped, self.failures, self.queue, self.lag)

    collect = describe
