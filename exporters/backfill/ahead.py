"""Objects of buckets, asked for before it is their turn: a store takes long to begin an answer."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Self

from exporters.backfill.files import LogFile
from exporters.fastly.bodies.threads import in_thread
from exporters.fastly.s3 import Bucket

OBJECTS = 4
"""Objects that are fetched at a time."""
BLOCKS = 4
"""Blocks of each that wait to be taken: of a megabyte, which bounds the memory for them all."""


@dataclass(slots=True)
class _Fetch:
    """An object on its way: blocks, then None behind the last one, or before an error."""

    blocks: "asyncio.Queue[bytes | None]" = field(default_factory=asyncio.Queue)
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(BLOCKS))

    def begin(self, bucket: Bucket, key: str) -> "asyncio.Task[None]":
        """Return the task that fetches it."""
        task = asyncio.create_task(self._fetch(bucket, key))
        task.add_done_callback(lambda _: self.blocks.put_nowait(None))
        return task

    async def _fetch(self, bucket: Bucket, key: str) -> None:
        async for block in bucket.read(key):
            await self.room.acquire()
            self.blocks.put_nowait(block)

    async def next(self) -> bytes | None:
        """Return the next block, None behind the last one."""
        block = await self.blocks.get()
        self.room.release()
        return block


class Ahead:
    """Reads files in their order. Files of this machine are left to its system to read ahead."""

    def __init__(self, files: Iterable[LogFile]) -> None:
        self._waiting = deque(file for file in files if file.bucket)
        self._fetching: deque[tuple[_Fetch, asyncio.Task[None]]] = deque()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await _end(*(task for _, task in self._fetching))

    async def read(
        self, file: LogFile, take: Callable[[bytes], object]
    ) -> AsyncGenerator[int, None]:
        """Give the content of the next file, as it is stored, to `take` in worker threads.

        Yields how much that is. Raises OSError or SourceError, and whatever `take` raises.
        """
        if not file.bucket:
            async for taken in file.read(take):
                yield taken
            return
        async with aclosing(self._blocks()) as blocks:
            async for block in blocks:
                await in_thread(None, partial(take, block))
                yield len(block)

    async def _blocks(self) -> AsyncGenerator[bytes, None]:
        """Yield the blocks of the next object, while those behind it are fetched."""
        self._begin()
        fetch, task = self._fetching[0]
        try:
            while (block := await fetch.next()) is not None:
                yield block
            await task
        finally:
            self._fetching.popleft()
            await _end(task)

    def _begin(self) -> None:
        while self._waiting and len(self._fetching) < OBJECTS:
            file = self._waiting.popleft()
            if file.bucket:
                fetch = _Fetch()
                self._fetching.append((fetch, fetch.begin(file.bucket, file.key)))


async def _end(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
