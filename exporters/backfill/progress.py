"""How far a backfill is: a bar that moves where somebody watches, now and then a line elsewhere."""

from collections.abc import Callable
from time import monotonic
from typing import TextIO

_WIDTH = 24
_REDRAW = 0.2
_EVERY = 10.0
"""Seconds between two lines where nobody watches."""


class Progress:
    """Tells on `out` how much of `total` bytes is done, how fast, and how long the rest takes."""

    def __init__(self, total: int, out: TextIO, *, clock: Callable[[], float] = monotonic) -> None:
        self._total, self._out, self._clock = max(total, 1), out, clock
        self._watched = out.isatty()
        self._done = self._lines = 0
        self._began = self._told = clock()

    def add(self, read: int, lines: int) -> None:
        """Take note of bytes and lines that are done."""
        self._done += read
        self._lines += lines
        if self._clock() - self._told >= (_REDRAW if self._watched else _EVERY):
            self._tell()

    def say(self, line: str) -> None:
        """Write a line of its own, above the bar."""
        self._clear()
        self._out.write(f"{line}\n")
        if self._watched:
            self._tell()
        self._out.flush()

    def finish(self) -> None:
        """Leave nothing of the bar."""
        self._clear()
        self._out.flush()

    def status(self) -> str:
        """Return how far it is, in one line."""
        share = min(self._done / self._total, 1.0)
        passed = max(self._clock() - self._began, 1e-9)
        left = _time(passed * (1 - share) / share) if share else "?"
        rate = f"{self._lines / passed:,.0f} lines/s"
        return f"{share:4.0%}  {self._lines:,} lines  {rate}  {left} left"

    def _tell(self) -> None:
        self._told = self._clock()
        if self._watched:
            filled = round(_WIDTH * min(self._done / self._total, 1.0))
            self._out.write(f"\r\033[K[{'#' * filled}{'.' * (_WIDTH - filled)}] {self.status()}")
        else:
            self._out.write(f"{self.status().strip()}\n")
        self._out.flush()

    def _clear(self) -> None:
        if self._watched:
            self._out.write("\r\033[K")


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
