"""Lines of our own making, such as one for each deploy: for callers who cannot wait."""

from collections.abc import Callable, Mapping
from time import time_ns

from exporters.loki.handover import Handover
from exporters.loki.metrics import LokiMetrics
from exporters.loki.model import Entry, Stream
from exporters.loki.sink import Accepts

OVERFLOW = "events_full"
"""Why such a line never reached Loki: too many waited for the disk."""

_STREAM = "event"
_LONGEST = 1000


class Lines:
    """Takes lines of this moment; its `handover` is opened, run and closed by whoever made it."""

    def __init__(
        self,
        sink: Accepts,
        metrics: LokiMetrics,
        host: str,
        clock: Callable[[], int] = time_ns,
    ) -> None:
        """`host` is the machine, as the label of that name has it."""
        self.handover = Handover("loki/lines", sink, metrics, _LONGEST, OVERFLOW)
        self._host, self._clock = host, clock

    def accept(self, service: str, stack: str, line: str, metadata: Mapping[str, str]) -> None:
        """Take a line of this moment; over a thousand that wait, it is dropped and counted."""
        stream = Stream(service, stack, self._host, _STREAM)
        self.handover.accept([Entry(stream, self._clock(), line, tuple(metadata.items()))])
