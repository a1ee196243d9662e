"""Killed before, after or in the middle of any of its calls to the file system."""

import asyncio
import multiprocessing
import os
import signal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from exporters.fastly.segment import digest
from exporters.fastly.spool import SpoolLimits, parts
from exporters.fastly.spool.recovery import recover
from tests.deaths import kill_at, lose_what_is_not_synced
from tests.fastly.spool.spooling import at_work, batches_of, store

CALLS = ("pwrite", "fdatasync", "fsync", "rename", "unlink", "ftruncate", "truncate")
LIMITS = SpoolLimits(quota=10**9, segment_size=8000, segment_age=0.0)
SIZES = (100, 900, 1700, 5000)
"""Of batches: the last one becomes a segment of its own."""
STEP = 1 if os.environ.get("NEARFIELD_TEST_SOAK") else 2
"""Calls between two deaths: the one test takes the odd ones and the other the even ones."""


def bodies(turn: int) -> list[bytes]:
    return [b"%0*d\n" % (size - 1, turn * 100 + place) for place, size in enumerate(SIZES)]


def work(folder: Path, turn: int, power_cut: bool) -> None:
    """Store a few batches, count some; write down what was answered and what counted."""

    async def store_and_count() -> None:
        async with at_work(folder / "spool", LIMITS) as spool:
            for body in bodies(turn):
                await store(spool, body)
                note(folder / "answered", [digest(body)])
            await asyncio.gather(*(store(spool, body + b"more\n") for body in bodies(turn)))
            note(folder / "answered", [digest(body + b"more\n") for body in bodies(turn)])
            for segment in await spool.oldest(100):
                note(folder / "counted", [digest(body) for body in batches_of(segment)])
                await spool.release(segment)

    if power_cut:
        lose_what_is_not_synced(
            reads_unsynced=True
        )  # of a part, whose lines nobody needs after a crash
    parts.IN_MEMORY = 1000
    kill_at(turn, CALLS)
    asyncio.run(store_and_count())


def note(path: Path, digests: list[str]) -> None:
    with path.open("a") as file:
        file.write("".join(f"{each}\n" for each in digests))


def noted(path: Path) -> set[str]:
    return set(path.read_text().split()) if path.exists() else set()


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("power_cut", [False, True])
def test_every_answered_batch_is_there_whole_whenever_the_process_is_killed(
    tmp_path: Path, power_cut: bool
) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    sent: set[str] = set()
    for turn in count(1 + power_cut * (STEP - 1), STEP):
        process = context.Process(target=work, args=(tmp_path, turn, power_cut))
        process.start()
        process.join()
        sent |= {digest(body + more) for body in bodies(turn) for more in (b"", b"more\n")}
        assert process.exitcode in {0, -signal.SIGKILL}
        if process.exitcode == 0:
            break
        check(tmp_path, sent)
    assert turn > 40
    check(tmp_path, sent)
    assert noted(tmp_path / "answered") >= {digest(body) for body in bodies(turn)}


def check(folder: Path, sent: set[str]) -> None:
    """Look at a copy, so that recovery itself is killed in its turn as well."""
    copy = folder / "copy"
    copy.mkdir()
    if (folder / "spool").exists():
        for path in (folder / "spool").iterdir():
            os.link(path, copy / path.name)
    found = {digest(body) for segment, _ in recover_copy(copy) for body in batches_of(segment)}
    assert found <= sent, "a batch is torn"
    missing = noted(folder / "answered") - found - noted(folder / "counted")
    assert not missing, "a batch that was answered is lost"
    for path in copy.iterdir():
        path.unlink()
    copy.rmdir()


def recover_copy(copy: Path) -> list[Any]:
    # Links share their content with the original, and recovery truncates.
    for path in list(copy.iterdir()):
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
    return recover(copy)
