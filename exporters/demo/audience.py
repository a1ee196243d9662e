"""Those who make a demo move: listeners now, and those of the days before."""

import asyncio
import secrets
import signal
import sys
from pathlib import Path
from time import perf_counter, time

from pydantic import SecretStr

from exporters.core.quantities import Address
from exporters.demo.sample import born
from exporters.demo.screen import Screen
from exporters.embedded.server import EmbeddedServer
from exporters.embedded.traffic import DATACENTERS, HOSTS, Crowd, Scenario, Sender, Weather
from exporters.fastly.counting import CountingSettings
from exporters.fastly.settings import FastlySettings

_PATIENCE = 3.0
"""Seconds from SIGTERM to SIGKILL."""
_INGEST = "/ingest/fastly"


def fastly_settings(folder: Path, listen: Address) -> FastlySettings:
    """Return what a platform writes for its log stream; the token is made for this demo."""
    networks = folder / "datacenters.txt"
    networks.write_text("".join(f"{network}\n" for network in DATACENTERS))
    return FastlySettings(
        listen=listen,
        token=SecretStr(secrets.token_urlsafe(24)),
        service_ids=("*",),
        hosts=HOSTS,
        counting=CountingSettings(datacenter_networks=(networks,)),
    )


class Audience:
    """A service: everybody who listens while the demo runs, told by batches of log lines."""

    name = "audience"

    def __init__(
        self, server: EmbeddedServer, settings: FastlySettings, scenario: Scenario
    ) -> None:
        self._server = server
        self._settings = settings
        self._scenario = scenario

    async def run(self) -> None:
        """Listen until cancelled."""
        made = await born(self._server)
        weather = Weather(self._scenario, time())
        token = self._settings.token
        assert token  # noqa: S101 - `fastly_settings` has made one
        sender = Sender(
            lambda at: Crowd(made, at, weather),
            f"http://{self._settings.listen}{_INGEST}",
            {"Authorization": f"Bearer {token.get_secret_value()}"},
            forgetful=self._scenario is Scenario.FULL,
        )
        await sender.run()


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
        log = self._folder / "history.log"
        with log.open("wb") as output:
            # Out of the terminal's group: Ctrl-C reaches the demo, which ends it in order.
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "exporters.demo.history", str(self._folder)),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise
        took = f"({perf_counter() - began:.0f} s)"
        if code:
            self._screen.say("history", f"the days before are not counted; {log} says why")
        else:
            self._screen.say("history", f"three days before today are counted too {took}")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_PATIENCE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
