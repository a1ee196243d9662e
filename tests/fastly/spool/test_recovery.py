"""What a crash can leave behind, and what is made of it."""

import asyncio
import logging
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporters.fastly.segment import INDEX, LOG, OPEN
from exporters.fastly.spool.recovery import recover
from tests.fastly.spool.spooling import at_work, batches_of, drain, held_in, store

BODIES = [b"first\n", b"second\nbatch\n", b"third\n" * 50, b"x" * 3000 + b"\n"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def crashed(folder: Path) -> Path:
    """A folder as a process leaves it that was killed in the middle of a segment."""

    async def fill() -> None:
        async with at_work(folder) as spool:
            for body in BODIES:
                await store(spool, body)

    asyncio.run(fill())
    for index in folder.glob(f"*{INDEX}"):
        index.rename(index.with_suffix(OPEN))
    return folder


def the(folder: Path, suffix: str) -> Path:
    (path,) = folder.glob(f"*{suffix}")
    return path


def recovered(folder: Path) -> list[bytes]:
    return [body for segment, _ in recover(folder) for body in batches_of(segment)]


def test_an_open_segment_is_recovered_whole(crashed: Path) -> None:
    assert recovered(crashed) == BODIES
    assert the(crashed, INDEX).stem == the(crashed, LOG).stem
    assert recovered(crashed) == BODIES


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_torn_index_loses_only_what_was_not_answered(crashed: Path, data: st.DataObject) -> None:
    for index in crashed.glob(f"*{INDEX}"):  # of the example before
        index.rename(index.with_suffix(OPEN))
    index, log = the(crashed, OPEN), the(crashed, LOG)
    kept_index, kept_log = index.read_bytes(), log.read_bytes()
    length = data.draw(st.integers(0, len(kept_index)))
    garbage = data.draw(st.sampled_from([b"", bytes(40), b'{"digest":"x","off']))
    index.write_bytes(kept_index[:length] + garbage)
    log.write_bytes(kept_log + b"a batch that was never answ")
    whole = max(0, (kept_index[:length] + garbage).count(b"\n") - 1)
    assert recovered(crashed) == BODIES[:whole]
    for path in held_in(crashed):
        path.unlink()
    index.write_bytes(kept_index)
    log.write_bytes(kept_log)


def test_a_torn_log_loses_only_what_was_not_answered(crashed: Path) -> None:
    # Written to the index, and then cut off, since its sync had failed.
    log = the(crashed, LOG)
    os.truncate(log, log.stat().st_size - 1)
    assert recovered(crashed) == BODIES[:-1]
    assert log.stat().st_size == sum(map(len, BODIES[:-1]))


def test_a_segment_without_a_batch_is_deleted(crashed: Path) -> None:
    for length in (0, 10, 55):
        index = the(crashed, OPEN)
        header = index.read_bytes().partition(b"\n")[0] + b"\n"
        (crashed / f"{'0' * 31}{length % 10}{OPEN}").write_bytes(header[:length])
        (crashed / f"{'0' * 31}{length % 10}{LOG}").write_bytes(b"some line\n")
        assert recovered(crashed) == BODIES
        assert len(held_in(crashed)) == 2
        the(crashed, INDEX).rename(index)


def test_leftovers_are_deleted(crashed: Path) -> None:
    (crashed / "0123.part").write_bytes(b"a batch on its way\n")
    (crashed / f"0123{LOG}").write_bytes(b"a batch that was never indexed\n")
    (crashed / f"4567{INDEX}").write_bytes(the(crashed, OPEN).read_bytes())  # released, half done
    assert recovered(crashed) == BODIES
    assert len(held_in(crashed)) == 2


def test_a_broken_index_is_set_aside_and_told(
    crashed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (crashed / f"0123{INDEX}").write_bytes(b"\0\0\0\n\0\0\n")
    (crashed / f"0123{LOG}").write_bytes(b"lines that somebody may want\n")
    for _ in range(2):
        assert recovered(crashed) == BODIES
    assert (crashed / f"0123{LOG}").exists()
    assert (crashed / f"0123{INDEX}.bad").exists()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def test_segments_are_read_in_the_order_in_which_they_were_written(folder: Path) -> None:
    bodies = [b"%d\n" % number for number in range(5)]
    for number, body in enumerate(bodies):
        async with at_work(folder) as spool:
            await store(spool, body)
        for path in held_in(folder):
            if path.stat().st_mtime > 10**6:
                os.utime(path, (number, number))
    async with at_work(folder) as spool:
        assert await drain(spool) == bodies
