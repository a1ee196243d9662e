"""Request lines to Loki's sink: whoever counts does not wait for it."""

from exporters.fastly.requests.model import Told
from exporters.loki import Entry, LokiMetrics, Stream
from exporters.loki.handover import Handover
from exporters.loki.sink import Accepts

SERVICE = "cdn"
_STREAM = "request"
_MOST = 20_000
"""Lines that wait in memory for the sink, about 20 MB."""
OVERFLOW, OVER_LIMIT = "requests_full", "requests_limit"
"""Why a line never reached Loki: too many waited for the disk; over `limit` in one piece."""


class Teller:
    """Hands lines over; its `handover` is opened and run with the exporter."""

    def __init__(self, sink: Accepts, metrics: LokiMetrics, host: str) -> None:
        """`host` is the machine, as the label of that name has it."""
        self.handover = Handover("fastly/requests", sink, metrics, _MOST, OVERFLOW)
        self._metrics = metrics
        self._stream = Stream(SERVICE, "", host, _STREAM)
        metrics.introduce(OVER_LIMIT)

    def tell(self, told: Told) -> None:
        """Take lines, and count those that there was no room for."""
        self._metrics.dropped.inc((OVER_LIMIT,), told.left_out)
        self.handover.accept([Entry(self._stream, *line) for line in told.lines])
