"""The lines that have come since the last batch was closed: by size, or by age."""

import asyncio
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import itemgetter

from exporters.loki.model import Cursors, Entry

_EACH = 64
"""Bytes that a line needs besides its text, about."""
_ROOM = 4

Lot = tuple[Sequence[Entry], Cursors]
_line = itemgetter(2)


def weight(entries: Sequence[Entry]) -> int:
    """Return how many bytes entries need, about."""
    return sum(map(len, map(_line, entries))) + _EACH * len(entries)


def cut(entries: Sequence[Entry], size: int) -> Iterator[Sequence[Entry]]:
    """Cut entries into parts of `size` bytes and more, about, and at most twice as many."""
    ends = [*accumulate(len(line) + _EACH for line in map(_line, entries))]
    start = below = 0
    while start < len(entries):
        whole = ends[-1] - below <= 2 * size
        stop = len(entries) if whole else bisect_left(ends, below + size, start) + 1
        yield entries[start:stop]
        start, below = stop, ends[stop - 1]


class Gathering:
    """Holds lots until they are taken as one batch; whoever brings more than fits has to wait."""

    def __init__(self, size: int, age: float) -> None:
        self._size, self._age = size, age
        self._lots: list[Lot] = []
        self._weight = 0
        self._done: asyncio.Future[None] | None = None
        self._turn = asyncio.Lock()
        self._some, self._full, self._room = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.closed = False

    async def add(self, lot: Lot) -> asyncio.Future[None]:
        """Take a lot, when there is room; the future is done when the lot is safe."""
        # Whoever came first is let in first: who brings much would take all the room else.
        async with self._turn:
            while self._weight >= _ROOM * self._size:
                self._room.clear()
                await self._room.wait()
        self._lots.append(lot)
        self._weight += weight(lot[0])
        self._some.set()
        if self._weight >= self._size:
            self._full.set()
        if not self._done:
            self._done = asyncio.get_running_loop().create_future()
        return self._done

    async def take(self) -> tuple[list[Lot], asyncio.Future[None]] | None:
        """Wait for the next batch; None when there is none and will be none."""
        await self._some.wait()
        if not self.closed:
            try:
                async with asyncio.timeout(self._age):
                    await self._full.wait()
            except TimeoutError:
                pass
        if not self._done:
            return None
        lots, done = self._lots, self._done
        self._lots, self._done, self._weight = [], None, 0
        self._room.set()
        if not self.closed:
            self._some.clear()
            self._full.clear()
        return lots, done

    def close(self) -> None:
        """Let `take` give what is here at once, and then nothing more."""
        self.closed = True
        self._some.set()
        self._full.set()
