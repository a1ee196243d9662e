"""Tells a person what to open, once there is something to see."""

import asyncio
from collections.abc import Sequence

import aiohttp

from exporters.core.errors import StartError
from exporters.core.quantities import Address
from exporters.demo.neighbours import Neighbour
from exporters.demo.screen import Screen

_PATIENCE = 60.0


class Guide:
    """Waits until every exporter serves data, and then prints the addresses."""

    name = "guide"

    def __init__(
        self,
        address: Address,
        neighbours: Sequence[Neighbour],
        screen: Screen,
        served: asyncio.Event | None,
    ) -> None:
        """`served` is set once every exporter has served data."""
        self._url = f"http://{address}"
        self._neighbours = neighbours
        self._screen = screen
        self._served = served

    async def run(self) -> None:
        """Raise StartError where there is nothing to see after a minute."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._until_ready(http)
            except TimeoutError as error:
                raise StartError(
                    f"no fresh data after {_PATIENCE:.0f} s; {self._url}/readyz says why"
                ) from error
            count = await self._series(http)
        self._screen.say("Nearfield", f"{self._url}/  ({count:,} series on /metrics)")
        for neighbour in self._neighbours:
            if neighbour.url:
                self._screen.say(neighbour.title, f"{neighbour.url}/")
        if self._served:
            self._served.set()
        else:
            self._screen.say("", "Ctrl-C ends all of it.")

    async def _until_ready(self, http: aiohttp.ClientSession) -> None:
        while True:
            try:
                async with http.get(f"{self._url}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass  # it does not listen yet
            await asyncio.sleep(0.1)

    async def _series(self, http: aiohttp.ClientSession) -> int:
        async with http.get(f"{self._url}/metrics") as answer:
            text = await answer.text()
        return sum(bool(line) and not line.startswith("#") for line in text.splitlines())
