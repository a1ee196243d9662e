"""A process of somebody else's, which a demo starts where it is on PATH and ends with itself."""

import asyncio
import logging
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from exporters.core.quantities import Address
from exporters.demo.child import end
from exporters.demo.ports import free_address

log = logging.getLogger(__name__)


class Neighbour(ABC):
    """A process of somebody else's, started on entering and ended on leaving."""

    title = ""
    cure = ""
    """How to get it; empty where a demo is complete without it, and it has no page to open."""
    programs: Sequence[str] = ()
    port = 0

    def __init__(self, folder: Path) -> None:
        self.name = self.title
        self.url = ""
        """Where to open it; empty where it could not be started."""
        self._folder = folder / self.title.lower().replace(" ", "-")
        self._address = Address("127.0.0.1", self.port)
        self._process: asyncio.subprocess.Process | None = None

    @abstractmethod
    def arguments(self) -> Sequence[str]:
        """Write what the process needs into the folder, and return its arguments."""

    def environment(self) -> Mapping[str, str]:
        """Return the variables that it needs besides those of the demo: secrets, mostly."""
        return {}

    async def program(self) -> str | None:
        """Return the path of the program, or None where it is not to be had."""
        return next(filter(None, map(shutil.which, self.programs)), None)

    async def __aenter__(self) -> Self:
        program = await self.program()
        if not program:
            return self
        self._folder.mkdir(parents=True, exist_ok=True)
        self._address = free_address(self._address)
        with (self._folder / "log").open("ab") as output:
            # A group of its own: Ctrl-C at the terminal reaches the demo, which ends it in order.
            self._process = await asyncio.create_subprocess_exec(
                *(program, *self.arguments()),
                env={**os.environ, **self.environment()},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.url = f"http://{self._address}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process:
            await end(self._process)

    async def run(self) -> None:
        """Say once when the process ends before the demo does."""
        if self._process:
            code = await self._process.wait()
            log.warning("%s ended with code %d; its log is in %s", self.title, code, self._folder)
