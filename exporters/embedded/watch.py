"""The watch over a server that runs: one that dies is started again."""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic

from exporters.core.backoff import Backoff
from exporters.core.errors import StartError
from exporters.embedded.folder import Layout
from exporters.embedded.launch import answers, bring_up
from exporters.embedded.locks import EXCLUSIVE, locked, opened
from exporters.embedded.log import Log
from exporters.embedded.postmaster import State, look

log = logging.getLogger(__name__)

_INTERVAL = 0.5
"""Seconds between two looks."""

_STEADY = 60.0
"""Seconds that a server has to live for its restart to count as a success."""


class Watch:
    """Restarts the server of one folder. Each attached process has one; one of them acts."""

    def __init__(
        self,
        layout: Layout,
        start_timeout: float,
        *,
        backoff: Backoff = Backoff(limit=30.0),  # noqa: B008  a frozen value
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._layout = layout
        self._start_timeout = start_timeout
        self._backoff = backoff
        self._clock = clock
        self._attempts = 0
        self._attempted = -_STEADY
        self._down = False
        self._problem = ""

    async def run(self) -> None:
        """Look at the server until cancelled. One log line when it dies, one when it is back."""
        delay = _INTERVAL
        while True:
            await asyncio.sleep(delay)
            delay = _INTERVAL
            if await self._attempt():
                self._attempts += 1
                self._attempted = self._clock()
                delay = self._backoff.delay(self._attempts)
            elif self._clock() - self._attempted > _STEADY:
                self._attempts = 0

    async def _attempt(self) -> bool:
        """Start a dead server; True where that was tried, whether it worked or not."""
        try:
            Log(self._layout.log).rotate()
            with opened(self._layout.change) as descriptor:
                # Where it is locked, somebody starts the server, or looks at it as we do.
                return locked(descriptor, EXCLUSIVE) and await self._revive()
        except StartError as error:
            if str(error) != self._problem:
                self._problem = str(error)
                log.error("%s", error)  # noqa: TRY400  it was raised to be read, not traced
            return True

    async def _revive(self) -> bool:
        state = look(self._layout).state
        dead = state is State.GONE or (state is State.HEADLESS and not await answers(self._layout))
        if dead:
            if not self._down:
                log.warning("PostgreSQL in %s died; it is started again", self._layout.root)
                self._down = True
            await bring_up(self._layout, self._start_timeout)
        if self._down:
            log.info("PostgreSQL in %s is back", self._layout.root)
            self._down, self._problem = False, ""
        return dead
