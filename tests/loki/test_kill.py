"""Killed at random, or at any call to the file system: nothing lost, nothing twice."""

import asyncio
import multiprocessing
import os
import random
import shutil
import signal
from itertools import count
from pathlib import Path
from time import time_ns
from typing import Any

import pytest

from exporters.loki.queue import Batch, Queue
from tests.deaths import kill_at, lose_what_is_not_synced
from tests.loki.door import Door, cut_after, status
from tests.loki.reading import Reader, entries, sinking, until

LINES = 4000
KILLS = 60 if os.environ.get("NEARFIELD_TEST_SOAK") else 12
CALLS = ("pwrite", "fdatasync", "fsync", "unlink", "ftruncate")


def context() -> Any:
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload([__name__])
    return made


def ship(url: str, folder: Path, service: str, begun: int) -> None:
    """Hand over numbered lines from the cursor on, as a reader of container logs does."""

    async def work() -> None:
        chance = random.Random()
        async with sinking(url, folder) as (sink, metrics):
            at = int(sink.cursors().get("line", "0"))
            while at < LINES:
                end = min(LINES, at + chance.randrange(1, 40))
                texts = [f"line {n}" for n in range(at, end)]
                lot = [e._replace(metadata=()) for e in entries(service, texts, begun + at * 1000)]
                await (sink.append if at % 3 else sink.put)(lot, {"line": str(end)})
                at = end
            await until(lambda: sink.cursors().get("line") == str(LINES))
            await until(lambda: metrics.queue.value(()) == 0)

    asyncio.run(work())


@pytest.mark.timeout(300)
async def test_each_line_is_at_loki_exactly_once_however_often_the_sink_is_killed(
    door: Door, reader: Reader, service: str, tmp_path: Path
) -> None:
    chance = random.Random(5)
    begun = time_ns() - 60 * 10**9
    arguments = (door.url, tmp_path, service, begun)
    killed = 0
    while True:
        door.answers = [chance.choice([status(503), cut_after]) for _ in range(chance.randrange(3))]
        process = context().Process(target=ship, args=arguments)
        process.start()
        if killed < KILLS:
            asked = door.asked
            while door.asked == asked and process.is_alive():
                await asyncio.sleep(0.005)
            await asyncio.sleep(chance.random() * 1.2 / KILLS)
            process.kill()
            killed += 1
        await asyncio.to_thread(process.join)
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
    assert killed == KILLS, "it was over before"
    lines = await reader.lines()
    assert [line.text for line in lines] == [f"line {n}" for n in range(LINES)]
    assert [line.ns for line in lines] == [begun + n * 1000 for n in range(LINES)]
    # What Loki has answered for is not pushed again: at most the batch on its way at each kill.
    answered = door.statuses.count(204)
    assert answered - len(set(door.bodies)) <= killed * 3


def note(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(f"{text}\n")


def noted(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def work(folder: Path, turn: int, power_cut: bool) -> None:
    """Append commits of one and of three batches, settle some; write down what was answered."""
    if power_cut:
        lose_what_is_not_synced(reads_unsynced=False)
    kill_at(turn, CALLS)
    queue = Queue(folder / "queue", 10**9, 1000)
    queue.open()
    for commit in range(8):
        names = [f"{turn}-{commit}-{n}" for n in range(3 if commit % 2 else 1)]
        batches = [Batch(1, 1, "protobuf", name.ljust(400).encode()) for name in names]
        note(folder / "tried", " ".join(names))
        queue.append(batches, {"at": names[-1]})
        note(folder / "appended", " ".join(names))
        if commit % 2:
            for record in (queue.take(), queue.take()):
                assert record
                note(folder / "delivered", record.body.decode().strip())
                queue.settle(record)
    queue.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("power_cut", [False, True])
def test_a_reopened_queue_holds_exactly_what_was_appended_and_not_delivered(
    tmp_path: Path, power_cut: bool
) -> None:
    for turn in count(1):
        process = context().Process(target=work, args=(tmp_path, turn, power_cut))
        process.start()
        process.join()
        assert process.exitcode in {0, -signal.SIGKILL}
        check(tmp_path, power_cut)
        if process.exitcode == 0:
            break
    assert turn > 15


def check(folder: Path, power_cut: bool) -> None:
    copy = folder / "copy"
    if (folder / "queue").exists():
        shutil.copytree(folder / "queue", copy)
    queue = Queue(copy, 10**9, 1000)
    queue.open()
    found = []
    while record := queue.take():
        found.append(record.body.decode().strip())
        queue.settle(record)
    appended, tried = noted(folder / "appended"), noted(folder / "tried")
    delivered = noted(folder / "delivered")
    missing = set(appended) - set(found) - set(delivered)
    assert not missing, "a batch that was answered is lost"
    assert len(found) == len(set(found)), "a batch is there twice"
    assert set(found) <= set(tried)
    again = set(found) & set(delivered)
    # The last to be delivered may be delivered again; after a power cut, those of two commits.
    assert len(again) <= (4 if power_cut else 1)
    if appended:
        at = queue.cursors["at"]
        assert tried.index(at) >= tried.index(appended[-1])
        assert at in {*found, *delivered}
    queue.close()
    shutil.rmtree(copy)
