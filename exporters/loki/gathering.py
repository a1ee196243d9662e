"""The lines that have come since the last batch was closed: by size, or by age."""

import asyncio
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeVar

from exporters.loki.limits import Refusal
from exporters.loki.model import Cursors, Encoded, weights

T = TypeVar("T")

_ROOM = 4
"""Batches that are held while one is written."""


@dataclass(frozen=True, slots=True)
class Lot:
    """What one call brought: its entries, encoded where they are fresh, and its cursors."""

    parts: Sequence[Encoded]
    cursors: Cursors
    refused: Sequence[Refusal] = ()
    """Entries over the limits, which are in no part."""

    @property
    def weight(self) -> int:
        """The bytes that it needs in memory, about."""
        refused = weights([refusal.entry for refusal in self.refused])
        return sum(len(part.data) for part in self.parts) + sum(refused)


def cut(items: Sequence[T], sizes: Sequence[int], size: int) -> Iterator[Sequence[T]]:
    """Cut items, whose sizes are given, into parts of `size` and more, and at most twice as much.

    A part is over that only by the size of its last item.
    """
    if items and sum(sizes) <= 2 * size:  # nearly always
        yield items
        return
    ends = [*accumulate(sizes)]
    start = below = 0
    while start < len(items):
        whole = ends[-1] - below <= 2 * size
        stop = len(items) if whole else bisect_left(ends, below + size, start) + 1
        yield items[start:stop]
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
        self._weight += lot.weight
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
