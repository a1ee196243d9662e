import asyncio

import pytest

from exporters.loki.gathering import Gathering, Lot, cut
from exporters.loki.limits import Refusal
from exporters.loki.model import Encoded, Entry, Stream


def lot(service: str, size: int = 1000) -> Lot:
    return Lot([Encoded(Stream(service, "", "web1", "stdout"), 1, 1, b"x" * size)], {})


async def test_one_who_brings_much_does_not_keep_others_waiting_for_more_than_a_batch() -> None:
    gathering = Gathering(1000, 60.0)

    async def talk() -> None:
        while True:
            await gathering.add(lot("talkative"))

    talkers = [asyncio.create_task(talk()) for _ in range(3)]
    await asyncio.sleep(0)
    quiet = asyncio.create_task(gathering.add(lot("quiet", 10)))
    await asyncio.sleep(0)
    assert not quiet.done()
    await gathering.take()
    async with asyncio.timeout(5):
        await quiet
    for talker in talkers:
        talker.cancel()
    await asyncio.wait(talkers)
    async with asyncio.timeout(5):
        batch = await gathering.take()
    assert batch
    assert "quiet" in {found.parts[0].stream.service for found in batch[0]}


async def test_refused_entries_take_room_too() -> None:
    gathering = Gathering(1000, 60.0)
    old = Refusal(Entry(Stream("app", "", "web1", "stdout"), 0, "x" * 5000), "too_old")
    await gathering.add(Lot([], {}, [old]))
    second = asyncio.create_task(gathering.add(lot("app")))
    await asyncio.sleep(0)
    assert not second.done()
    async with asyncio.timeout(5):
        await gathering.take()
        await second


@pytest.mark.parametrize("sizes", [[], [10], [900], [100] * 30, [5000] * 3, [10] * 200, [5000, 10]])
def test_no_part_of_a_large_batch_is_over_twice_the_size(sizes: list[int]) -> None:
    parts = [*cut(sizes, sizes, 1000)]
    assert [size for part in parts for size in part] == sizes
    assert all(sum(part) >= 1000 for part in parts[:-1])
    assert all(sum(part[:-1]) <= 2000 for part in parts)
