"""The sender: takes messages without waiting, groups and posts them, tries again, ends in time.

    accept → queue (bounded) → gather → one post → taken: leave the queue
                                           ├ 429: after what Slack asks for
                                           ├ down, late: after a while, up to an age
                                           └ refused: dropped

A message leaves the queue only when it is settled; the order is kept.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic
from typing import Protocol, Self

from exporters.core.backoff import Backoff
from exporters.core.errors import SourceError, SourceRejected
from exporters.core.exporter import Health
from exporters.slack.message import MOST, Message, fit, payload
from exporters.slack.metrics import SlackMetrics
from exporters.slack.webhook import RateLimited, Webhook

log = logging.getLogger(__name__)


class Accepts(Protocol):
    """Somewhere to hand messages to; the call neither waits nor fails."""

    def accept(self, message: Message) -> None:
        """Take a message, to be sent soon."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How the sender behaves; seconds."""

    capacity: int = 500
    """Messages that may wait; beyond it the oldest goes."""
    gather: float = 2.0
    """How long the first message waits for others that belong to the same moment."""
    pace: float = 10.0
    """Between two posts: Slack takes one a second, people take less."""
    patience: float = 3600.0
    """How old a message may become in the queue: later nobody wants to know."""
    drain: float = 3.0
    """What the end of the process leaves for posting what waits."""
    backoff: Backoff = field(default_factory=lambda: Backoff(initial=1.0, limit=60.0))


class Sender:
    """Sends messages to a webhook; opened and closed with the process, a service, a source.

    The work is done by a task of the context's own, so that it outlives the services: what they
    say while they stop is still sent. `run` waits for that task, so that a bug in it ends the
    process as any service's does.
    """

    name = "slack/webhook"

    def __init__(
        self,
        webhook: Webhook,
        metrics: SlackMetrics,
        manners: Manners = Manners(),
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._webhook = webhook
        self._metrics = metrics
        self._manners = manners
        self._clock = clock
        self._queue: deque[tuple[float, Message]] = deque()
        self._arrived = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failures = 0
        self._reason = ""

    def accept(self, message: Message) -> None:
        """Queue a message and return at once; a full queue drops its oldest."""
        self._metrics.accepted.inc(())
        if len(self._queue) >= self._manners.capacity:
            self._queue.popleft()
            self._drop("queue_full")
        self._queue.append((self._clock(), message))
        self._show()
        self._arrived.set()

    def health(self) -> Health:
        """Return what the last post said; never a reason for not being ready."""
        return Health("webhook", fresh=True, reason=self._reason)

    async def __aenter__(self) -> Self:
        await self._webhook.__aenter__()
        self._task = asyncio.create_task(self._work(), name=self.name)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Post what waits, each post tried once, within `drain`; the rest is dropped, counted."""
        self._closing.set()
        self._arrived.set()
        try:
            if self._task:
                await asyncio.wait([self._task], timeout=self._manners.drain)
                self._task.cancel()
                await asyncio.wait([self._task])
        finally:
            self._forget(len(self._queue), "shutdown")
            await self._webhook.__aexit__()

    async def run(self) -> None:
        """Wait until cancelled, or raise the error that ended the work."""
        if self._task:
            await asyncio.shield(self._task)

    async def _work(self) -> None:
        while not (self._closing.is_set() and not self._queue):
            await self._arrived.wait()
            self._arrived.clear()
            await self._pause(self._manners.gather)
            while self._queue:
                wait = await self._post()
                if self._closing.is_set() and self._failures:
                    return
                await self._pause(wait)

    async def _post(self) -> float:
        """Post as many as fit, settle them, and return how long to wait before the next post."""
        self._expire()
        # A list of its own: `accept` may drop the oldest while Slack answers.
        entries = list(islice(self._queue, MOST))
        group = entries[: fit([message for _, message in entries])]
        if not group:
            return 0.0
        try:
            await self._webhook.post(payload([message for _, message in group]))
        except SourceRejected as error:
            self._failed(error)
            self._settle(group)
            self._drop("rejected", len(group))
            return self._manners.pace
        except SourceError as error:
            return self._failed(error)
        self._settle(group)
        self._metrics.sent.inc((), len(group))
        self._succeeded()
        return self._manners.pace

    def _failed(self, error: SourceError) -> float:
        """Count it, say it once, and return how long to wait."""
        self._failures += 1
        self._reason = f"{error.reason}: {error}"
        self._metrics.failures.inc((error.reason,))
        if self._failures == 1:
            log.warning("a message to Slack was not taken: %s", self._reason)
        delay = self._manners.backoff.delay(self._failures)
        if isinstance(error, RateLimited) and error.retry_after is not None:
            return max(error.retry_after, delay)  # "0 seconds", again and again, is no leave
        return delay

    def _succeeded(self) -> None:
        if self._failures:
            log.info("Slack takes messages again, after %d failed posts", self._failures)
        self._failures, self._reason = 0, ""

    def _settle(self, group: list[tuple[float, Message]]) -> None:
        """Take these from the head of the queue, save those that were dropped meanwhile."""
        for entry in group:
            if self._queue and self._queue[0] is entry:
                self._queue.popleft()
        self._show()

    def _expire(self) -> None:
        oldest = self._clock() - self._manners.patience
        old = 0
        while old < len(self._queue) and self._queue[old][0] < oldest:
            old += 1
        self._forget(old, "expired")

    def _forget(self, count: int, reason: str) -> None:
        for _ in range(count):
            self._queue.popleft()
        self._drop(reason, count)
        self._show()

    def _drop(self, reason: str, count: int = 1) -> None:
        if count:
            self._metrics.dropped.inc((reason,), count)
            log.warning("%d messages to Slack were dropped: %s", count, reason)

    def _show(self) -> None:
        self._metrics.waiting.set((), len(self._queue))

    async def _pause(self, seconds: float) -> None:
        """Wait, but not once the end has come."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return
