"""What the spool tells Prometheus about itself."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.exposition import ValueFamily
from exporters.fastly.spool.stock import Stock


class SpoolMetrics(Collector):
    """The gauges of a spool, true at the moment at which they are read."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._bytes = ValueFamily(
            "gauge", "cdn_spool_bytes", "Bytes of log lines that wait for the ledger."
        )
        self._segments = ValueFamily(
            "gauge", "cdn_spool_segments", "Segments of log lines that wait for the ledger."
        )
        self._oldest = ValueFamily(
            "gauge",
            "cdn_spool_oldest_seconds",
            "How long the oldest log lines have waited for the ledger; 0 when none wait.",
        )

    def describe(self) -> Iterable[Metric]:
        """The families, whatever they hold."""
        return (self._bytes, self._segments, self._oldest)

    def collect(self) -> Iterable[Metric]:
        """The families with what the spool holds now."""
        self._bytes.set((), self._stock.size)
        self._segments.set((), self._stock.segments)
        self._oldest.set((), self._stock.age)
        return self.describe()
