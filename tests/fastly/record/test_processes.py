"""Three processes that write one ledger at the same time count as one does."""

import asyncio
import random
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from tests.fastly.oracle import count
from tests.fastly.record.test_oracle import FILES, found, prepare, same, split, traffic
from tests.fastly.traffic import counting

PROCESSES = 3
SHOWS = ("one", "two")


async def _record(database: str, folder: Path, shares: list[list[Any]]) -> None:

    async with counting(database, folder) as state:
        for show in SHOWS:
            await prepare(state, show)
        for lines in shares:
            await state.send(*lines)


def work(database: str, folder: Path, shares: list[list[Any]]) -> None:
    """Record shares of lines, each as a segment of its own; runs in a process of its own."""
    folder.mkdir()
    asyncio.run(_record(database, folder, shares))


@pytest.mark.soak
async def test_three_processes_on_one_ledger_count_as_one(database: str, tmp_path: Path) -> None:
    chance = random.Random("processes")
    logs = {show: list(traffic(chance, show, 250, 60)) for show in SHOWS}
    lines = [line for log in logs.values() for line in log]
    chance.shuffle(lines)
    shares = split(chance, lines, 8 * PROCESSES)
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        works = [
            pool.submit(work, database, tmp_path / str(number), shares[number::PROCESSES])
            for number in range(PROCESSES)
        ]
        for each in works:
            await asyncio.wrap_future(each)
    async with counting(database, tmp_path) as state:
        for show, log in logs.items():
            same(await found(state, show), count(log, FILES))
