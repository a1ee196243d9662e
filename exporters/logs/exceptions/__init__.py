"""Exceptions in the logs of containers: recognised, counted, kept in the ledger by their kind."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import uuid4

from prometheus_client.registry import Collector

from exporters.core.database import Database
from exporters.core.exporter import Service, Source
from exporters.core.poller import Pace, Poller
from exporters.core.snapshot import SnapshotCollector
from exporters.core.telemetry import Telemetry
from exporters.logs.exceptions.book import INTERVAL, Book
from exporters.logs.exceptions.metrics import ExceptionMetrics, ledger_families
from exporters.logs.exceptions.recognise import exception_of
from exporters.logs.exceptions.tally import Tally
from exporters.logs.model import Line

__all__ = ["Exceptions", "exception_of"]

_DEADLINE = 15.0


class Exceptions:
    """A `Reader` of lines, and the parts that it brings to an `Exporter`.

    `ledger` is opened and closed by whoever made it; it is not asked before it is `prepared`.
    """

    def __init__(
        self,
        ledger: Database,
        telemetry: Telemetry,
        prepared: AbstractAsyncContextManager[Any] | None = None,
    ) -> None:
        self._metrics = ExceptionMetrics(telemetry.dropped)
        self._tally = Tally()
        book = Book(ledger, self._tally, self._metrics, writer=uuid4().hex)
        pace = Pace.every(INTERVAL, _DEADLINE)
        poller = Poller("logs", "exceptions", book.write, pace, telemetry, turn=prepared)
        known = SnapshotCollector(ledger_families(telemetry.dropped), [poller])
        self.resources: Sequence[AbstractAsyncContextManager[Any]] = (book,)
        self.services: Sequence[Service] = (poller,)
        self.sources: Sequence[Source] = (poller,)
        self.collectors: Sequence[Collector] = (self._metrics, known)

    def read(self, lines: Sequence[Line]) -> None:
        """See `Reader.read`."""
        for line in lines:
            raised = exception_of(line)
            if raised:
                self._metrics.count(line.service, line.stack, raised.type)
                self._tally.add(line.service, line.stack, raised, line.time_ns, line.version)
