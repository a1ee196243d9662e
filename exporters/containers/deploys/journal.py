"""Deploys on their way to the ledger, and from there, if it is ours to tell, to people."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from exporters.containers.deploys.images import Release
from exporters.containers.deploys.metrics import DeployMetrics
from exporters.containers.deploys.model import Deploy, Found
from exporters.core.backoff import Backoff
from exporters.core.database import Database
from exporters.core.errors import SourceError
from exporters.core.telemetry import Telemetry
from exporters.ledger.deploys import DeployRow, claim, note

log = logging.getLogger(__name__)

CAPACITY = 2_000
"""Notes that may wait for the ledger: months of deploys of a busy platform."""

_LONGEST = 300
"""Characters of what the ledger's indexes hold: a page of one has no place for endless names."""


class Journal:
    """Writes deploys to the ledger in order, tries again while it is away, tells each once.

    Whose row it is counts it, so that a sum over all that watch is right, and for a deploy that
    ended calls `tell`: exactly one process, however many watch. One that dies between the two, or
    that never hears that its note of a start was written, counts and tells nothing; nobody does so
    twice.
    """

    name = "deploys/journal"

    def __init__(
        self,
        ledger: Database,
        metrics: DeployMetrics,
        telemetry: Telemetry,
        tell: Callable[[Deploy], None],
        announcer: str,
        backoff: Backoff = Backoff(limit=30.0),  # noqa: B008 - frozen
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ledger = ledger
        self._metrics = metrics
        self._telemetry = telemetry
        self._tell = tell
        self._announcer = announcer
        self._backoff = backoff
        self._sleep = sleep
        self._waiting: deque[Deploy | Found] = deque()
        self._arrived = asyncio.Event()
        telemetry.introduce("deploys", "ledger")

    def accept(self, news: Deploy | Found) -> None:
        """Take a note, to be written soon; returns at once."""
        if len(self._waiting) >= CAPACITY:
            self._waiting.popleft()
            self._metrics.unrecorded.inc(())
        self._waiting.append(news)
        self._show()
        self._arrived.set()

    async def run(self) -> None:
        """Write notes until cancelled."""
        failures = 0
        while True:
            await self._arrived.wait()
            try:
                await self.flush()
                failures = 0
            except SourceError as error:
                failures += 1
                if failures == 1:
                    log.warning("deploys wait for the ledger: %s", error)
                await self._sleep(self._backoff.delay(failures))

    async def flush(self) -> None:
        """Write everything that waits; raises SourceError where the ledger is away."""
        while self._waiting:
            news = self._waiting[0]
            with self._telemetry.poll("deploys", "ledger"):
                ours = await self._write(news)
            if self._waiting and self._waiting[0] is news:
                self._waiting.popleft()
            self._show()
            if ours and isinstance(news, Deploy):
                self._metrics.happened(news)
                if news.outcome:
                    self._tell(news)
        self._arrived.clear()

    async def _write(self, news: Deploy | Found) -> bool:
        """Write one note, and return whether it is ours: nobody had written it before."""
        row = _row(news)
        if isinstance(news, Deploy) and news.outcome:
            return await claim(self._ledger, row, self._announcer)
        return await note(self._ledger, row)

    def _show(self) -> None:
        self._metrics.waiting.set((), len(self._waiting))


def _row(news: Deploy | Found) -> DeployRow:
    if isinstance(news, Found):
        since = _moment(news.since)
        return _filled(news, news.release, since, since, "found", "")
    ended = _moment(news.ended) if news.outcome else None
    return _filled(
        news,
        news.runs if news.outcome else None,
        _moment(news.began),
        ended,
        news.outcome,
        news.problem.text,
    )


def _filled(  # what both kinds of news have in common
    news: Deploy | Found,
    runs: Release | None,
    started_at: datetime,
    ended_at: datetime | None,
    outcome: str | None,
    problem: str,
) -> DeployRow:
    release = news.release
    return DeployRow(
        service_id=_kept(news.service.id),
        spec_version=_kept(news.attempt),
        service=_kept(news.service.name),
        stack=_kept(news.service.stack),
        image=release.image,
        digest=release.digest,
        version=release.version,
        revision=release.revision,
        deployer=release.deployer,
        started_at=started_at,
        ended_at=ended_at,
        outcome=outcome,
        problem=_kept(problem),
        runs_image=runs.image if runs else None,
        runs_digest=runs.digest if runs else None,
        runs_version=runs.version if runs else None,
    )


def _kept(text: str) -> str:
    """Text as every ledger takes it: labels may hold a NUL, which PostgreSQL does not have."""
    return text.replace("\0", "")[:_LONGEST]


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
