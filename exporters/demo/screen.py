"""What the demo tells the person who started it: steps as they end, then where to look."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TextIO

from exporters.demo.neighbours import Neighbour

_WIDTH = 14


@dataclass(slots=True)
class Step:
    """A step under way; `result` is what came of it, in a few words."""

    result: str = "done"


class Screen:
    """Writes one line a step to a terminal or a file."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout

    def say(self, name: str, text: str) -> None:
        """Write one line: what it is about, and what there is to say."""
        self._out.write(f"  {name:<{_WIDTH}}{text}\n")
        self._out.flush()

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a step and write its line when it is done; nothing where it failed."""
        started = perf_counter()
        step = Step()
        yield step
        self.say(name, f"{step.result} ({perf_counter() - started:.1f} s)")

    @asynccontextmanager
    async def started(self, neighbour: Neighbour) -> AsyncIterator[None]:
        """Hold a neighbour, and say how to get it where it is not there."""
        async with neighbour:
            if not neighbour.url:
                self.say(neighbour.title, f"not started: {neighbour.cure}")
            yield
