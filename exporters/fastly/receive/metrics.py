"""What receiving tells Prometheus: batches stored, repeated and refused, and how long they took."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.exposition import HistogramFamily, ValueFamily
from exporters.fastly.receive_refusals import REASONS
from exporters.fastly.segment import Source

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class ReceiveMetrics(Collector):
    """The families of all receivers; each source that is in use appears at 0."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self.batches = ValueFamily(
            "counter", "cdn_log_batches_total", "Batches of log lines that were stored.", ["source"]
        )
        self.repeated = ValueFamily(
            "counter",
            "cdn_log_batches_repeated_total",
            "Batches that were sent again after they had been stored, and were not counted again.",
            ["source"],
        )
        self.refused = ValueFamily(
            "counter",
            "cdn_log_batches_refused_total",
            "Batches and connections that were not taken, by reason.",
            ["source", "reason"],
        )
        self.connections = ValueFamily(
            "gauge", "cdn_log_connections", "Open connections that log lines come by.", ["source"]
        )
        self.answer = HistogramFamily(
            "cdn_log_answer_seconds",
            "From the last byte of a batch to its answer, the sync to disk included.",
            ["source"],
            buckets=_BUCKETS,
        )
        for source in sources:
            self.introduce(source)

    def introduce(self, source: Source) -> None:
        """Make the series of a source appear."""
        for family in (self.batches, self.repeated):
            family.inc((source,), 0)
        for reason in REASONS:
            self.refused.inc((source, reason), 0)
        self.connections.set((source,), 0)
        self.answer.add((source,), (0,) * (len(_BUCKETS) + 1), 0)

    def describe(self) -> Iterable[Metric]:
        """The families."""
        return (self.batches, self.repeated, self.refused, self.connections, self.answer)

    collect = describe
