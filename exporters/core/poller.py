"""The one polling loop: read a source on an interval, keep the snapshot, say when it fails."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Generic, TypeAlias, TypeVar

from exporters.core.backoff import Backoff
from exporters.core.errors import SourceError, SourceTimeout
from exporters.core.exporter import Health
from exporters.core.telemetry import Telemetry

log = logging.getLogger(__name__)
T = TypeVar("T")

_LONGEST_WAIT = 240.0  # seconds: NearfieldSourceStale wants to see a failure in each ten minutes

Turn: TypeAlias = AbstractAsyncContextManager[Any]
"""Held while something is polled: a semaphore, or a gate."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to read a source, how long to wait for it, how long its snapshot is true.

    All in seconds. After failures the wait follows `backoff`, but is never longer than a reader
    of the graph would expect from the interval, nor than who mends a source would wait to see it.
    """

    interval: float
    deadline: float
    max_age: float
    backoff: Backoff = field(default_factory=Backoff)

    @classmethod
    def every(cls, interval: float, deadline: float | None = None) -> "Pace":
        """Return a pace whose snapshot outlives four failed polls, and at least half a minute."""
        return cls(
            interval=interval,
            deadline=min(interval, 30.0) if deadline is None else deadline,
            max_age=max(5 * interval, 30.0),
            backoff=Backoff(limit=min(max(interval, 15.0), _LONGEST_WAIT)),
        )


class Poller(Generic[T]):
    """Keeps the latest snapshot of one source.

    Expected failures (`SourceError`, the deadline) are counted and tried again with backoff. Any
    other error leaves `run()` and stops the process: a restart is kinder than an exporter that
    quietly stopped exporting.

    `turn` is held during each poll of `run()`. To wait for it is no part of the poll:
    neither of its duration nor of its deadline, so that a source is not blamed for its neighbours.
    `needed`: whether readiness waits for this source; see `Health`.
    """

    def __init__(
        self,
        exporter: str,
        source: str,
        read: Callable[[], Awaitable[T]],
        pace: Pace,
        telemetry: Telemetry,
        *,
        turn: Turn | None = None,
        needed: bool = True,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.name = f"{exporter}/{source}"
        self._exporter, self._source = exporter, source
        self._read = read
        self._pace = pace
        self._telemetry = telemetry
        self._turn = turn or nullcontext()
        self._needed = needed
        self._sleep = sleep
        self._clock = clock
        self._failures = 0
        self._reason = ""
        self._said = False
        self._taken_at: float | None = None
        self._snapshot: T | None = None
        self._followers: list[Callable[[], Awaitable[None]]] = []
        telemetry.introduce(exporter, source)

    def follow(self, follower: Callable[[], Awaitable[None]]) -> None:
        """Have `follower` called after each success, when there is a new snapshot."""
        self._followers.append(follower)

    @property
    def snapshot(self) -> T | None:
        """The latest snapshot, or None where there is none or it is too old to be true."""
        if self._age() > self._pace.max_age:
            self._snapshot = None
        return self._snapshot

    def health(self) -> Health:
        """Return whether the snapshot is fresh, and what the last poll said."""
        fresh = self._age() <= self._pace.max_age
        reason = self._reason or ("" if fresh else "no data yet")
        age = None if self._taken_at is None else self._age()
        return Health(self._source, fresh, reason, age, self._needed)

    async def run(self) -> None:
        """Poll until cancelled, each time `interval` after the start of the poll before."""
        while True:
            started = self._clock()
            async with self._turn:
                await self.poll()
            if self._failures:
                await self._sleep(self._pace.backoff.delay(self._failures))
            else:
                await self._sleep(max(0.0, started + self._pace.interval - self._clock()))

    async def poll(self) -> None:
        """Take one snapshot; or count one expected failure and keep the snapshot before it."""
        try:
            with self._telemetry.poll(self._exporter, self._source):
                snapshot = await self._read_in_time()
        except SourceError as error:
            self._failed(error)
        else:
            self._succeeded(snapshot)
            for follower in self._followers:
                await follower()

    async def _read_in_time(self) -> T:
        try:
            async with asyncio.timeout(self._pace.deadline):
                return await self._read()
        except TimeoutError as error:
            raise SourceTimeout(f"no answer within {self._pace.deadline:g} s") from error

    def _failed(self, error: SourceError) -> None:
        self._failures += 1
        self._reason = f"{error.reason}: {error}"
        if not self._said and not error.told:
            self._said = True
            log.warning("%s cannot be read, and is tried again: %s", self.name, self._reason)

    def _succeeded(self, snapshot: T) -> None:
        if self._said:
            log.info("%s is back after %d failed reads", self.name, self._failures)
        self._failures, self._reason, self._said = 0, "", False
        self._taken_at, self._snapshot = self._clock(), snapshot

    def _age(self) -> float:
        return float("inf") if self._taken_at is None else self._clock() - self._taken_at
