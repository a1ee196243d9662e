"""Names and help texts of what the follower tells Prometheus."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.exposition import OnDrop, ValueFamily, ignore_drops

DROPS = ("rate_limit", "sampled")
"""Why an entry was left out by a setting: too many came, or it is not in the sample."""


class LogsMetrics(Collector):
    """What containers wrote, and what was left out of it."""

    def __init__(self, on_drop: OnDrop = ignore_drops) -> None:
        self.lines = ValueFamily(
            "counter",
            "log_lines_total",
            "Entries that containers logged, a stack trace being one, by level.",
            ("service", "stack", "stream", "level"),
            on_drop=on_drop,
        )
        self.bytes = ValueFamily(
            "counter",
            "log_bytes_total",
            "Bytes that containers logged, as they wrote them.",
            ("service", "stack", "stream"),
            on_drop=on_drop,
        )
        self.dropped = ValueFamily(
            "counter",
            "log_lines_dropped_total",
            "Entries that rate limits and samples left out, by service and reason.",
            ("service", "stack", "reason"),
            on_drop=on_drop,
        )
        self.followed = ValueFamily(
            "gauge", "log_containers_followed", "Containers whose logs are read at this moment."
        )
        self.followed.set((), 0)

    def introduce(self, service: str, stack: str) -> None:
        """Make the series of a service appear that are known beforehand."""
        for stream in ("stdout", "stderr"):
            self.bytes.inc((service, stack, stream), 0)
        for level in ("info", "warning", "error", "unknown"):
            self.lines.inc((service, stack, "stdout", level), 0)
            self.lines.inc((service, stack, "stderr", level), 0)
        for reason in DROPS:
            self.dropped.inc((service, stack, reason), 0)

    def describe(self) -> Iterable[Metric]:
        """The families."""
        return (self.lines, self.bytes, self.dropped, self.followed)

    collect = describe
