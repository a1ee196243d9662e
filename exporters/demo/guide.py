"""Tells a person what to open, once there is something to see."""

import asyncio
import re
from collections.abc import Sequence

import aiohttp

from exporters.core.errors import StartError
from exporters.core.quantities import Address
from exporters.demo.neighbours import Neighbour
from exporters.demo.screen import Screen

_PATIENCE = 60.0
_COUNTED = re.compile(r"^podcast_downloads_total\{[^}]*\} (?!0(?:\.0)?$)\S+$", re.MULTILINE)
"""A series that has moved: a line has come all the way from a listener to the page."""


class Guide:
    """Waits until every exporter serves data, and then prints the addresses."""

    name = "guide"

    def __init__(
        self,
        address: Address,
        neighbours: Sequence[Neighbour],
        screen: Screen,
        served: asyncio.Event,
        last_words: Sequence[tuple[str, str]],
    ) -> None:
        """`served` is set once every exporter has served data; `last_words` are said before."""
        self._url = f"http://{address}"
        self._neighbours = neighbours
        self._screen = screen
        self._served = served
        self._last_words = last_words

    async def run(self) -> None:
        """Raise StartError where there is nothing to see after a minute."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
            self._screen.live("Nearfield", "reads, and waits for the first downloads …")
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._until_ready(http)
                    page = await self._until_counted(http)
            except TimeoutError as error:
                raise StartError(
                    f"no fresh data after {_PATIENCE:.0f} s; {self._url}/readyz says why"
                ) from error
        self._screen.live("", "")
        count = sum(bool(line) and not line.startswith("#") for line in page.splitlines())
        self._screen.say("Nearfield", f"{self._url}/  ({count:,} series on /metrics)")
        for neighbour in self._neighbours:
            if neighbour.url and neighbour.cure:
                self._screen.say(neighbour.title, f"{neighbour.url}/")
        for name, text in self._last_words:
            self._screen.say(name, text)
        self._served.set()

    async def _until_ready(self, http: aiohttp.ClientSession) -> None:
        while True:
            try:
                async with http.get(f"{self._url}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass  # it does not listen yet
            await asyncio.sleep(0.1)

    async def _until_counted(self, http: aiohttp.ClientSession) -> str:
        """Return the page of metrics on which downloads of the stream are counted."""
        while True:
            async with http.get(f"{self._url}/metrics") as answer:
                page = await answer.text()
            if _COUNTED.search(page):
                return page
            await asyncio.sleep(0.25)
