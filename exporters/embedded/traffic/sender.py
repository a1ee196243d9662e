"""Sends log lines as Fastly does: gzipped batches over HTTP, each again until it is answered."""

import asyncio
import gzip
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from time import time

import aiohttp

from exporters.embedded.traffic.crowd import Crowd

EVERY = 1.0
"""Seconds from batch to batch."""
_KEPT = 120
"""Batches that wait for an answer; over it the oldest is given up, as the CDN does."""
_DEADLINE = aiohttp.ClientTimeout(total=10)
_LOSES = 0.01
_ABSENT = 60.0


class Sender:
    """A service that plays the CDN. A receiver that does not answer never ends it."""

    name = "traffic"

    def __init__(
        self,
        crowds: Callable[[float], Crowd],
        url: str,
        headers: Mapping[str, str],
        *,
        forgetful: bool = False,
        clock: Callable[[], float] = time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`crowds` gives the crowd that begins at a moment, in seconds since 1970.

        `forgetful`: now and then an answer is lost on its way, and its batch sent again.
        """
        self.sent = self.given_up = 0
        """Lines that were answered 200, and batches that never were."""
        self._crowds = crowds
        self._url = url
        self._headers = {**headers, "Content-Encoding": "gzip"}
        self._forgetful = forgetful
        self._luck = Random(1)  # noqa: S311 - no secret
        self._clock = clock
        self._sleep = sleep
        self._seen = clock()
        self._crowd = crowds(self._seen)
        self._waiting: deque[tuple[bytes, int]] = deque()

    async def run(self) -> None:
        """Send a batch every second until cancelled."""
        async with aiohttp.ClientSession(timeout=_DEADLINE, headers=self._headers) as http:
            while True:
                self._gather()
                await self._send(http)
                await self._sleep(EVERY)

    def _gather(self) -> None:
        """Make a batch of the lines since the last one; its bytes never change again."""
        lines = self._crowd_of(now := self._clock()).until(now)
        if lines:
            body = gzip.compress(b"\n".join(lines) + b"\n", compresslevel=1)
            self._waiting.append((body, len(lines)))
        while len(self._waiting) > _KEPT:
            self._waiting.popleft()
            self.given_up += 1

    def _crowd_of(self, now: float) -> Crowd:
        """Return who is there; others where the clock was set, or the machine slept for long."""
        if not 0 <= now - self._seen <= _ABSENT:
            self._crowd = self._crowds(now)
        self._seen = now
        return self._crowd

    async def _send(self, http: aiohttp.ClientSession) -> None:
        """Send what waits, the oldest first, up to the first that is not taken."""
        while self._waiting:
            body, lines = self._waiting[0]
            if not await self._post(http, body):
                return
            if self._forgetful and self._luck.random() < _LOSES:
                return
            self._waiting.popleft()
            self.sent += lines

    async def _post(self, http: aiohttp.ClientSession, body: bytes) -> bool:
        try:
            async with http.post(self._url, data=body) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False
