"""What the demo tells the person who started it: steps as they end, then one living line."""

import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TextIO

from exporters.demo.neighbours import Neighbour

_WIDTH = 14
_ERASE = "\r\x1b[2K"


@dataclass(slots=True)
class Step:
    """A step under way; `result` is what came of it, in a few words."""

    result: str = "done"


class Screen:
    """Writes one line a step to a terminal or a file; on a terminal the last line is alive."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self.terminal = self._out.isatty()
        self._living = ""

    def say(self, name: str, text: str) -> None:
        """Write one line: what it is about, and what there is to say."""
        self._erase()
        self._out.write(f"  {name:<{_WIDTH}}{text}\n")
        self._write_living()

    def live(self, name: str, text: str) -> None:
        """Replace the living line, which stays below all others; nothing where there is none."""
        if self.terminal:
            self._erase()
            self._living = f"  {name:<{_WIDTH}}{text}" if text else ""
            self._write_living()

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a step and write its line when it is done; nothing where it failed."""
        started = perf_counter()
        step = Step()
        self.live(name, "…")
        try:
            yield step
        finally:
            self.live(name, "")
        self.say(name, f"{step.result} ({perf_counter() - started:.1f} s)")

    @asynccontextmanager
    async def started(self, neighbour: Neighbour) -> AsyncIterator[None]:
        """Hold a neighbour, and say how to get it where it is not there."""
        async with neighbour:
            if not neighbour.url and neighbour.cure:
                self.say(neighbour.title, f"not started: {neighbour.cure}")
            yield

    def _erase(self) -> None:
        if self._living:
            self._out.write(_ERASE)

    def _write_living(self) -> None:
        if self._living:
            # The cursor waits at its beginning: whatever else is written begins there as well.
            columns = shutil.get_terminal_size().columns
            self._out.write(self._living[: columns - 1] + "\r")
        self._out.flush()
