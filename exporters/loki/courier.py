"""Delivers batches to Loki one after the other: tries again, holds, salvages, says so once."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from exporters.core.backoff import Backoff
from exporters.core.errors import NearfieldError, SourceError
from exporters.loki.answers import Answer, Verdict
from exporters.loki.client import LokiClient
from exporters.loki.encoding import ENCODINGS
from exporters.loki.limits import Refusal
from exporters.loki.metrics import LokiMetrics
from exporters.loki.model import Entry
from exporters.loki.records import Record
from exporters.loki.salvage import Salvage

log = logging.getLogger(__name__)

PATIENCE = 30
"""How often a batch is tried of which Loki refuses every line for no reason that we know. It may be
the tenant or a proxy that is wrong; with the longest pause this leaves half an hour to set it
right, and then the lines behind it must go on."""

_SHORTEST_PAUSE = 0.2
_BACKOFF = Backoff(initial=1.0, limit=60.0)


class Gone(NearfieldError):
    """A batch had to leave the queue while it was tried."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of the entries of a batch."""

    taken: int
    refused: Sequence[Refusal] = ()


class Courier:
    """Pushes through one client and remembers how that goes."""

    def __init__(
        self, client: LokiClient, metrics: LokiMetrics, backoff: Backoff = _BACKOFF
    ) -> None:
        self._client = client
        self._metrics = metrics
        self._backoff = backoff
        self._failures = 0
        self._told: set[str] = set()
        self.problem = ""
        """Why Loki does not take lines now; empty when it does."""

    async def deliver(self, record: Record, waits: Callable[[], bool]) -> Delivered:
        """Return when a batch is settled, however long that takes.

        Raises Gone when it failed and `waits` says that nobody waits for it any more.
        """
        encoding = ENCODINGS[record.encoding]

        async def push(entries: Sequence[Entry]) -> Answer:
            body = await asyncio.to_thread(encoding.encode, entries)
            return await self._answer(body, encoding.headers, waits)

        for last in (False,) * (PATIENCE - 1) + (True,):
            answer = await self._answer(record.body, encoding.headers, waits)
            if answer.verdict is Verdict.TAKEN:
                return Delivered(record.entries)
            salvage = Salvage(push)
            await salvage.run(await asyncio.to_thread(encoding.decode, record.body), answer)
            if last or not salvage.in_vain:
                break
            reason = f"Loki refuses every line ({answer.status}): see logs.loki_tenant, loki_url"
            await self._pause("rejected", reason, None, waits)
        self._tell(salvage.refused)
        return Delivered(record.entries - len(salvage.refused), salvage.refused)

    async def _answer(
        self, body: bytes, headers: Mapping[str, str], waits: Callable[[], bool]
    ) -> Answer:
        """Return an answer about the lines; any other is waited out."""
        while True:
            try:
                answer = await self._client.push(body, headers)
            except SourceError as error:
                await self._pause(error.reason, str(error), None, waits)
                continue
            if answer.verdict is Verdict.TAKEN:
                self._succeeded()
                return answer
            if answer.verdict in {Verdict.REFUSED, Verdict.TOO_LARGE}:
                self._metrics.failures.inc((answer.failure,))
                return answer
            await self._pause(answer.failure, answer.cure, answer.retry_after, waits)

    async def _pause(
        self, word: str, problem: str, seconds: float | None, waits: Callable[[], bool]
    ) -> None:
        self._failures += 1
        self._metrics.failures.inc((word,))
        if self._failures == 1:
            log.warning("log lines wait on disk: %s", problem)
        self.problem = f"{word}: {problem}"
        if seconds is None:
            seconds = self._backoff.delay(self._failures)
        if waits():
            await asyncio.sleep(max(seconds, _SHORTEST_PAUSE))
        if not waits():
            raise Gone("a batch left the queue")

    def _succeeded(self) -> None:
        if self._failures:
            log.info("Loki takes log lines again, after %d failed pushes", self._failures)
        self._failures, self.problem = 0, ""

    def _tell(self, refused: Sequence[Refusal]) -> None:
        """Say once for each reason that lines were refused: after that the counter tells."""
        for word in sorted({refusal.reason for refusal in refused} - self._told):
            self._told.add(word)
            log.warning("Loki refuses log lines: %s; see log_entries_dropped_total", word)
