import asyncio

from exporters.loki.gathering import Gathering, Lot
from exporters.loki.model import Entry, Stream


def lot(service: str, size: int = 1000) -> Lot:
    return [Entry(Stream(service, "", "web1", "stdout"), 1, "x" * size)], {}


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
    assert "quiet" in {entries[0].stream.service for entries, _ in batch[0]}
