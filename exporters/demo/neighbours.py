"""The neighbours that a demo starts where they are on PATH: processes with a page to open."""

import asyncio
import logging
import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from exporters.core.quantities import Address
from exporters.demo.child import end
from exporters.demo.ports import free_address

log = logging.getLogger(__name__)

_PROMETHEUS = """\
global:
  scrape_interval: 5s
scrape_configs:
  - job_name: nearfield
    static_configs:
      - targets: ["{target}"]
"""


class Neighbour(ABC):
    """A process of somebody else's, started on entering and ended on leaving."""

    title = ""
    cure = ""
    programs: Sequence[str] = ()

    def __init__(self, folder: Path, address: Address) -> None:
        self.name = self.title
        self.url = ""
        """Where to open it; empty where it could not be started."""
        self._folder = folder / self.title.lower()
        self._address = address
        self._process: asyncio.subprocess.Process | None = None

    @abstractmethod
    def arguments(self) -> Sequence[str]:
        """Write what the process needs into the folder, and return its arguments."""

    async def __aenter__(self) -> Self:
        program = next(filter(None, map(shutil.which, self.programs)), None)
        if not program:
            return self
        self._folder.mkdir(parents=True, exist_ok=True)
        self._address = free_address(self._address)
        with (self._folder / "log").open("ab") as output:
            # A group of its own: Ctrl-C at the terminal reaches the demo, which ends it in order.
            self._process = await asyncio.create_subprocess_exec(
                program, *self.arguments(), stdout=output, stderr=output, start_new_session=True
            )
        self.url = f"http://{self._address}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process:
            await end(self._process)

    async def run(self) -> None:
        """Say once when the process ends before the demo does."""
        if self._process:
            code = await self._process.wait()
            log.warning("%s ended with code %d; its log is in %s", self.title, code, self._folder)


class Prometheus(Neighbour):
    """Scrapes the demo every 5 s and answers queries about it."""

    title = "Prometheus"
    cure = "install the package prometheus (Debian, Homebrew) and start again"
    programs = ("prometheus",)

    def __init__(self, folder: Path, target: Address) -> None:
        super().__init__(folder, Address("127.0.0.1", 9090))
        self._target = target

    def arguments(self) -> Sequence[str]:
        """Return the arguments for a Prometheus that keeps what it scrapes in the folder."""
        file = self._folder / "prometheus.yml"
        file.write_text(_PROMETHEUS.format(target=self._target))
        return (
            f"--config.file={file}",
            f"--storage.tsdb.path={self._folder / 'tsdb'}",
            f"--web.listen-address={self._address}",
            "--log.level=warn",
        )
