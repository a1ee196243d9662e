"""Our own log records to Loki, by python-logging-loki: this adapter is the only way to it.

The library alone posts in the thread that logs, without a deadline, stamps the time of the post,
and prints what it loses. Here a record is put into a bounded queue and a thread posts it, with the
record's own time; what is lost is counted. Standard error has every record all the same.
"""

import asyncio
import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Self

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.backoff import Backoff
from exporters.core.exposition import ValueFamily
from exporters.loki import LokiSettings, Stream
from exporters.loki.answers import Answer, Verdict
from exporters.loki.client import PUSH, headers

DROPS = ("queue_full", "refused", "shutdown")
"""Why a record never reached Loki: too many waited, Loki refused it, the process ended."""

_DEADLINE = (2.0, 5.0)
"""Seconds to connect, and between two bytes of an answer."""
_BACKOFF = Backoff(initial=0.5, limit=30.0)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A record on its way: its time in nanoseconds, later than that of the one before it."""

    line: str
    ns: int
    level: str
    logger: str


class _Session:
    """Posts with a deadline, by a session of the library's that knows tenant, token and TLS."""

    def __init__(self, session: Any, settings: LokiSettings) -> None:
        session.headers.update(headers(settings))
        session.trust_env = False  # a .netrc would take the place of our credentials
        session.verify = str(settings.loki_ca_file) if settings.loki_ca_file else True
        if settings.loki_cert_file:
            session.cert = (str(settings.loki_cert_file), str(settings.loki_key_file))
        self._session = session

    def post(self, url: str, json: object) -> Any:
        """Post as the library wants it."""
        return self._session.post(url, json=json, timeout=_DEADLINE, allow_redirects=False)

    def close(self) -> None:
        """Close the connections; the next post opens one."""
        self._session.close()


def _emitter(settings: LokiSettings, stream: Stream) -> Any:
    """Return the library's emitter with the record's own time, and metadata in place of labels.

    Calling it returns the Answer to a push of one record; OSError where there was none.
    """
    # Not before it is needed: to be imported its HTTP client binds a socket.
    from logging_loki.emitter import (  # type: ignore[import-untyped]  # noqa: PLC0415
        LokiEmitterV1,
    )

    class Emitter(LokiEmitterV1):  # type: ignore[misc]  # has no types
        def build_payload(self, record: _Waiting, line: str) -> dict[str, Any]:
            metadata = {"level": record.level, "logger": record.logger}
            values = [[str(record.ns), line, metadata]]
            return {"streams": [{"stream": self.tags, "values": values}]}

        def __call__(self, record: _Waiting, line: str) -> Answer:
            response = self.session.post(self.url, json=self.build_payload(record, line))
            return Answer(response.status_code, response.text[:4096])

    emitter = Emitter(f"{settings.loki_url}{PUSH}", tags=stream.labels)
    emitter._session = _Session(emitter.session, settings)
    return emitter


class OwnRecords(logging.Handler, Collector):
    """Sends the records of the root logger while it is open. It never blocks who logs."""

    def __init__(
        self,
        settings: LokiSettings,
        stream: Stream,
        capacity: int = 2000,
        drain: float = 3.0,
        backoff: Backoff = _BACKOFF,
    ) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(message)s"))
        self._emitter = _emitter(settings, stream)
        self._capacity, self._drain, self._backoff = capacity, drain, backoff
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._closing = threading.Event()
        # A daemon: a post that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._work, name="own-records", daemon=True)
        self._last = self._accepted = self._sent = 0
        self._dropped = dict.fromkeys(DROPS, 0)
        self._families = _families()

    async def __aenter__(self) -> Self:
        self._thread.start()
        logging.getLogger().addHandler(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Push what waits, for as long as `drain`; count the rest as lost."""
        logging.getLogger().removeHandler(self)
        self._closing.set()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join, self._drain)
        self._dropped["shutdown"] = self._accepted - self._sent - self._dropped["refused"]
        self.close()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record and return at once."""
        # What the posts themselves make others log would be posted, and so on without an end.
        if threading.current_thread() is self._thread:
            return
        if self._queue.qsize() >= self._capacity:
            self._dropped["queue_full"] += 1
            return
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001  logging's contract: said on stderr, never raised
            self.handleError(record)
            return
        # Loki drops an identical line of the same time, and may turn others round.
        self._last = max(self._last + 1, int(record.created * 1e9))
        self._accepted += 1
        self._queue.put(_Waiting(line, self._last, record.levelname.lower(), record.name))

    def _work(self) -> None:
        waiting = self._queue.get()
        while waiting and self._deliver(waiting):
            waiting = self._queue.get()
        self._emitter.close()

    def _deliver(self, waiting: _Waiting) -> bool:
        """Return when a record is settled, however long that takes; False at the end of it all."""
        failures = 0
        while True:
            verdict = self._push(waiting)
            if verdict is Verdict.TAKEN:
                self._sent += 1
                return True
            if verdict in {Verdict.REFUSED, Verdict.TOO_LARGE}:
                self._dropped["refused"] += 1
                return True
            failures += 1
            if self._closing.wait(self._backoff.delay(failures)):
                return False

    def _push(self, waiting: _Waiting) -> Verdict:
        try:
            answer: Answer = self._emitter(waiting, waiting.line)
        except OSError:  # as the library's HTTP client has all of its errors
            return Verdict.LATER
        return answer.verdict

    def describe(self) -> Iterable[Metric]:
        """The families."""
        return self._families

    def collect(self) -> Iterable[Metric]:
        """The families with what was counted until now."""
        sent, dropped = self._families
        sent.set((), self._sent)
        for reason, count in self._dropped.items():
            dropped.set((reason,), count)
        return self._families


def _families() -> tuple[ValueFamily, ValueFamily]:
    return (
        ValueFamily("counter", "log_own_records_sent_total", "Our own log records that Loki took."),
        ValueFamily(
            "counter",
            "log_own_records_dropped_total",
            "Our own log records that never reached Loki, by reason; standard error has them.",
            ("reason",),
        ),
    )
