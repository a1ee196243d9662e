"""The look back: whether errors or restarts rose after a deploy, against before it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import time
from typing import Self

from exporters.containers.deploys.model import Deploy
from exporters.containers.deploys.words import follow_up
from exporters.core.backoff import Backoff
from exporters.core.errors import SourceError
from exporters.core.prometheus import Prometheus
from exporters.core.telemetry import Telemetry
from exporters.slack import Accepts

log = logging.getLogger(__name__)

MOST = 200
"""Deploys that wait for their look back."""

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that tells of a bad deploy: how many of it are news."""

    name: str
    query: str
    """PromQL; `%(service)s`, `%(stack)s` are quoted strings, `%(window)s` a range."""
    least: float
    """How many more than before there have to be."""
    factor: float
    """How many times as many as before."""

    def risen(self, before: float, after: float) -> bool:
        """Whether `after` is worth a message."""
        return after - before >= self.least and after >= self.factor * before


SIGNS = (
    # A deploy restarts nothing by itself once it has ended: one is news.
    Sign(
        "restarts",
        "sum(increase(container_restarts_total{service=%(service)s,stack=%(stack)s}[%(window)s]))",
        least=0.5,
        factor=1.0,
    ),
    Sign(
        "exceptions",
        "sum(increase(log_exceptions_total{service=%(service)s,stack=%(stack)s}[%(window)s]))",
        least=5,
        factor=2.0,
    ),
    # The CDN does not know services: these are the platform's.
    Sign(
        "5xx at the CDN",
        'sum(increase(cdn_requests_total{status=~"5.."}[%(window)s]))',
        least=10,
        factor=2.0,
    ),
)


class FollowUps:
    """Waits after each deploy and then tells what rose, if anything did; a service, opened first.

    Of deploys of one service that follow each other closely only the last is looked back at.
    """

    name = "deploys/follow-up"

    def __init__(
        self,
        prometheus: Prometheus,
        sender: Accepts,
        telemetry: Telemetry,
        after: float = 600.0,
        clock: Callable[[], float] = time,
        backoff: Backoff = Backoff(initial=5.0),  # noqa: B008 - frozen
    ) -> None:
        self._prometheus = prometheus
        self._sender = sender
        self._telemetry = telemetry
        self._after = after
        self._clock = clock
        self._backoff = backoff
        self._due: dict[str, Deploy] = {}
        self._changed = asyncio.Event()
        telemetry.introduce("deploys", "prometheus")

    async def __aenter__(self) -> Self:
        await self._prometheus.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._prometheus.__aexit__()

    def accept(self, deploy: Deploy) -> None:
        """Look back at a deploy that ended; nothing to see where it did not take place."""
        self._due.pop(deploy.service.id, None)
        if deploy.outcome in {"completed", "rolled_back"}:
            while len(self._due) >= MOST:
                self._due.pop(next(iter(self._due)))
            self._due[deploy.service.id] = deploy
        self._changed.set()

    async def run(self) -> None:
        """Look back at each deploy in time, until cancelled."""
        while True:
            self._changed.clear()
            now = self._clock()
            for key, deploy in list(self._due.items()):
                if deploy.ended + self._after <= now and self._due.get(key) is deploy:
                    del self._due[key]
                    await self._look_back(deploy)
            await self._wait()

    async def _wait(self) -> None:
        """Wait for the next that is due, or for another deploy."""
        ends = [deploy.ended + self._after for deploy in self._due.values()]
        delay = max(0.0, min(ends) - self._clock()) if ends else None
        try:
            async with asyncio.timeout(delay):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _look_back(self, deploy: Deploy) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                with self._telemetry.poll("deploys", "prometheus"):
                    risen = await self._risen(deploy)
            except SourceError as error:
                if attempt == _TRIES:
                    log.warning("no look back at a deploy: %s", error)
                    return
                await asyncio.sleep(self._backoff.delay(attempt))
            else:
                if risen:
                    self._sender.accept(follow_up(deploy, risen, self._after))
                return

    async def _risen(self, deploy: Deploy) -> dict[str, tuple[float, float]]:
        """Return what rose, with its counts before the deploy and after it, over equal spans."""
        names = {
            "service": _quoted(deploy.service.name),
            "stack": _quoted(deploy.service.stack),
            "window": f"{max(1, round(self._after))}s",
        }
        risen = {}
        for sign in SIGNS:
            query = sign.query % names
            before = await self._prometheus.number(query, deploy.began)
            after = await self._prometheus.number(query, deploy.ended + self._after)
            if sign.risen(before, after):
                risen[sign.name] = (before, after)
        return risen


def _quoted(value: str) -> str:
    """A PromQL string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
