"""Those who make a demo move: listeners now, and those of the days before."""

import asyncio
import secrets
from pathlib import Path
from time import perf_counter

from pydantic import SecretStr

from exporters.core.errors import StartError
from exporters.core.quantities import Address
from exporters.demo.child import child
from exporters.demo.screen import Screen
from exporters.embedded.traffic import DATACENTERS, HOSTS, Scenario
from exporters.fastly.counting import CountingSettings
from exporters.fastly.settings import FastlySettings

TOKEN = "fastly_token"  # noqa: S105 - the name of a file
"""In the demo's folder, so that whoever can read that can send lines too."""
_INGEST = "/ingest/fastly"


def fastly_settings(folder: Path, listen: Address) -> FastlySettings:
    """Return what a platform writes for its log stream; the token is made for this demo."""
    networks = folder / "datacenters.txt"
    networks.write_text("".join(f"{network}\n" for network in DATACENTERS))
    token = secrets.token_urlsafe(24)
    (folder / TOKEN).touch(0o600)
    (folder / TOKEN).write_text(token)
    return FastlySettings(
        listen=listen,
        token=SecretStr(token),
        service_ids=("*",),
        hosts=HOSTS,
        counting=CountingSettings(datacenter_networks=(networks,)),
    )


def receiver(settings: FastlySettings) -> str:
    """Return the address that takes lines."""
    return f"http://{settings.listen}{_INGEST}"


class Audience:
    """A service: everybody who listens while the demo runs, told by batches of log lines."""

    name = "audience"

    def __init__(self, folder: Path, settings: FastlySettings, scenario: Scenario) -> None:
        self._folder = folder
        self._settings = settings
        self._scenario = scenario

    async def run(self) -> None:
        """Let them listen until cancelled; raises StartError where they are gone before that."""
        words = self._folder / "audience.log"
        order = (str(self._folder), receiver(self._settings), self._scenario.value)
        async with child("exporters.demo.listeners", *order, words=words) as process:
            await process.wait()
        raise StartError(f"the listeners of the demo are gone; {words} says why")


class History:
    """A service: lets a process of low priority count the days before, once all else is there."""

    name = "history"

    def __init__(self, folder: Path, ready: asyncio.Event, screen: Screen) -> None:
        """`ready` is set when everything else serves data."""
        self._folder = folder
        self._ready = ready
        self._screen = screen

    async def run(self) -> None:
        """Start the process, wait for its end, and say what came of it."""
        await self._ready.wait()
        began = perf_counter()
        words = self._folder / "history.log"
        async with child("exporters.demo.history", str(self._folder), words=words) as process:
            code = await process.wait()
        took = f"({perf_counter() - began:.0f} s)"
        if code:
            self._screen.say("history", f"the days before are not counted; {words} says why")
        else:
            self._screen.say("history", f"three days before today are counted too {took}")
