"""Objects of a bucket are on their way before it is their turn, and never too many of them."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from exporters.backfill.ahead import BLOCKS, OBJECTS, Ahead
from exporters.backfill.files import LogFile
from exporters.core.errors import SourceMismatch
from exporters.fastly.s3 import Bucket


class Store:
    """A bucket whose objects have as many blocks as their key says."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open = self.given = 0

    async def read(self, key: str) -> AsyncIterator[bytes]:
        self.asked.append(key)
        self.open += 1
        try:
            if key == "gone":
                raise SourceMismatch("no such object")
            for _ in range(int(key)):
                self.given += 1
                yield key.encode()
        finally:
            self.open -= 1

    def files(self, *keys: str) -> list[LogFile]:
        return [LogFile(f"s3://logs/{key}", 1, cast("Bucket", self), key) for key in keys]


async def settled() -> None:
    """Let everything go as far as it can without us."""
    for _ in range(200):
        await asyncio.sleep(0)


async def test_the_next_objects_are_fetched_while_one_is_read_and_wait_in_bounds() -> None:
    store = Store()
    files = store.files(*(str(100 + n) for n in range(OBJECTS + 3)))
    async with Ahead(files) as ahead:
        read = ahead.read(files[0], lambda _: None)
        assert await anext(read) == 3
        await settled()
        assert store.asked == [file.key for file in files[:OBJECTS]]
        # One block was taken, and of each object one more waits for room.
        assert store.given <= OBJECTS * (BLOCKS + 1) + 1
        await read.aclose()
    assert store.open == 0


async def test_files_come_in_their_order_and_one_that_is_gone_takes_none_with_it() -> None:
    store = Store()
    files = store.files("3", "gone", "0", "20", "1")
    taken: list[bytes] = []
    async with Ahead(files) as ahead:
        for file in files:
            if file.key == "gone":
                with pytest.raises(SourceMismatch):
                    [size async for size in ahead.read(file, taken.append)]
            else:
                assert len([n async for n in ahead.read(file, taken.append)]) == int(file.key)
    assert taken == [b"3"] * 3 + [b"20"] * 20 + [b"1"]
    assert store.open == 0


async def test_what_cannot_be_taken_ends_its_object_alone() -> None:
    store = Store()
    files = store.files("50", "2")

    def refuse(block: bytes) -> None:
        raise OSError(block.decode())

    async with Ahead(files) as ahead:
        with pytest.raises(OSError, match="50"):
            [size async for size in ahead.read(files[0], refuse)]
        assert [size async for size in ahead.read(files[1], lambda _: None)] == [1, 1]
    assert store.open == 0
