"""One living line: what is counted now, and whether everything is fresh."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import aiohttp

from exporters.core.quantities import Address
from exporters.demo.screen import Screen

_LIVING = 1.0
"""Seconds between two looks on a terminal."""
_PLAIN = 60.0
"""The same where each is a line of its own."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page at `/` has as JSON; a figure that is not there yet is None."""

    downloads: float | None
    lines: float | None
    sources: int
    late: int

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> "Seen":
        """Return what is needed of an answer."""
        figures, sources = answer["figures"], answer["sources"]
        return cls(
            figures.get("downloads_last_minute"),
            figures.get("cdn_lines_per_second"),
            sources["all"],
            sources["late"],
        )

    def line(self, seconds: float) -> str:
        """Return it in words, after so many seconds of the demo."""
        parts = []
        if self.downloads is not None:
            parts.append(f"{self.downloads:,.0f} downloads in the last minute")
        if self.lines is not None:
            parts.append(f"{self.lines:,.0f} lines/s")
        fresh = f"{self.sources - self.late} of {self.sources} sources fresh"
        minutes, rest = divmod(int(seconds), 60)
        return " · ".join([*parts, fresh, f"{minutes}:{rest:02}"])


class Status:
    """A service: once there is something to see, tells how it goes; every second on a terminal."""

    name = "status"

    def __init__(
        self,
        address: Address,
        served: asyncio.Event,
        screen: Screen,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`served` is set when every exporter has served data."""
        self._url = f"http://{address}/?format=json"
        self._served = served
        self._screen = screen
        self._clock = clock

    async def run(self) -> None:
        """Tell until cancelled; the line goes when it ends."""
        began = self._clock()
        await self._served.wait()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            try:
                while True:
                    await asyncio.sleep(_LIVING if self._screen.terminal else _PLAIN)
                    self._tell(await self._look(http), self._clock() - began)
            finally:
                self._screen.live("now", "")

    async def _look(self, http: aiohttp.ClientSession) -> Seen | None:
        try:
            async with http.get(self._url) as answer:
                return Seen.parse(await answer.json()) if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError):
            return None  # it is very busy; the next look tells

    def _tell(self, seen: Seen | None, seconds: float) -> None:
        if seen and self._screen.terminal:
            self._screen.live("now", seen.line(seconds))
        elif seen:
            self._screen.say("now", seen.line(seconds))
