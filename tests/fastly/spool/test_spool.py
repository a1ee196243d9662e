"""The spool, seen by those who store batches and by the one who reads segments."""

import asyncio
import errno
import os
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from exporters.core.errors import StartError
from exporters.fastly.receive_refusals import DiskFailed, NoRoom
from exporters.fastly.segment import read_index
from exporters.fastly.spool import Kind, Settled, SpoolLimits
from exporters.fastly.spool.parts import IN_MEMORY, Memory
from tests.fastly.spool.spooling import LIMITS, at_work, batches_of, drain, held_in, store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder that somebody has made already."""
    tmp_path.chmod(0o750)
    return tmp_path


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_what_is_stored_can_be_read(folder: Path) -> None:
    async with at_work(folder) as spool:
        assert await store(spool, b"a\nb\n") is Settled.STORED
        assert await store(spool, b"c\n") is Settled.STORED
        (segment,) = await spool.oldest()
        assert batches_of(segment) == [b"a\nb\n", b"c\n"]
        assert (segment.lines, segment.source, segment.format) == (3, "https", "auto")
        assert read_index(segment.path.with_suffix(".index")) == segment


async def test_what_is_released_is_gone(folder: Path) -> None:
    async with at_work(folder) as spool:
        await store(spool, b"a\n")
        assert await drain(spool) == [b"a\n"]
        assert (spool.stock.size, spool.stock.segments, spool.stock.age) == (0, 0, 0.0)
        assert held_in(folder) == []


async def test_a_released_segment_can_be_archived(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    async with at_work(folder, archive=archive) as spool:
        await store(spool, b"a\n")
        await drain(spool)
    assert [path.read_bytes() for path in archive.iterdir()] == [b"a\n"]
    assert mode_of(archive) == 0o700
    assert held_in(folder) == []


async def test_an_archive_that_fails_keeps_the_segment(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.touch()
    async with at_work(folder, archive=archive) as spool:
        await store(spool, b"a\n")
        (segment,) = await spool.oldest()
        with pytest.raises(DiskFailed, match="file exists"):
            await spool.release(segment)
        assert await spool.oldest() == (segment,)
        archive.unlink()
        assert await drain(spool) == [b"a\n"]


async def test_batches_that_come_together_share_a_sync(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs = 0
    fdatasync = os.fdatasync

    def counted(file: int) -> None:
        nonlocal syncs
        syncs += 1
        fdatasync(file)

    monkeypatch.setattr(os, "fdatasync", counted)
    async with at_work(folder) as spool:
        await asyncio.gather(*(store(spool, b"%d\n" % number) for number in range(100)))
        assert syncs <= 4  # two a turn, and the first batch may get a turn of its own
        assert sorted(await drain(spool)) == sorted(b"%d\n" % number for number in range(100))


async def test_each_source_has_segments_of_its_own(folder: Path) -> None:
    async with at_work(folder) as spool:
        await asyncio.gather(
            store(spool, b"a\n"),
            store(spool, b"b\n", kind=Kind("syslog", "csv")),
            store(spool, b"c\n"),
        )
        found: dict[tuple[str, str], list[bytes]] = {}
        while len(found) < 2:
            for segment in await spool.oldest(5):
                found[segment.source, segment.format] = batches_of(segment)
                await spool.release(segment)
        assert found == {("https", "auto"): [b"a\n", b"c\n"], ("syslog", "csv"): [b"b\n"]}


async def test_a_full_segment_is_sealed_though_nobody_waits(folder: Path) -> None:
    limits = SpoolLimits(quota=10**9, segment_size=10_000, segment_age=1000)
    async with at_work(folder, limits) as spool:
        for number in range(50):
            await store(spool, b"%0999d\n" % number)
        assert len(spool.stock.sealed) == 5
        assert [segment.lines for segment in await spool.oldest(3)] == [10, 10, 10]


async def test_a_young_segment_waits_for_more_lines(folder: Path) -> None:
    now = 1000.0
    limits = SpoolLimits(quota=10**9, segment_size=10**6, segment_age=0.25)
    async with at_work(folder, limits, clock=lambda: now) as spool:
        await store(spool, b"a\n")
        reader = asyncio.create_task(spool.oldest())
        await asyncio.sleep(0)
        assert not reader.done()
        assert spool.stock.age == 0
        now += 0.25
        await store(spool, b"b\n")  # wakes the reader, who finds it ripe
        (segment,) = await reader
        assert batches_of(segment) == [b"a\n", b"b\n"]


async def test_a_reader_that_waits_gets_a_quarter_of_a_segment_at_once(folder: Path) -> None:
    limits = SpoolLimits(quota=10**9, segment_size=10_000, segment_age=1000)
    async with at_work(folder, limits) as spool:
        reader = asyncio.create_task(spool.oldest())
        for number in range(3):
            await store(spool, b"%0999d\n" % number)
        (segment,) = await reader
        assert segment.lines == 3
        await spool.release(segment)
        for number in range(6):
            await store(spool, b"%0999d\n" % number)
        assert spool.stock.sealed == ()  # nobody waits


async def test_a_segment_grows_while_the_reader_is_busy(folder: Path) -> None:
    now = 1000.0
    async with at_work(folder, clock=lambda: now) as spool:
        for number in range(3):
            await store(spool, b"%d\n" % number)
            now += 60
        assert spool.stock.sealed == ()
        assert spool.stock.age == 180
        (segment,) = await spool.oldest()
        assert segment.lines == 3


@pytest.mark.parametrize("size", [10, IN_MEMORY - 10, IN_MEMORY, 3 * IN_MEMORY])
async def test_a_batch_of_any_size_is_stored_whole(folder: Path, size: int) -> None:
    body = b"x" * (size - 1) + b"\n"
    limits = SpoolLimits(quota=10**9, segment_size=64 * 1024**2, segment_age=0.01)
    async with at_work(folder, limits) as spool:
        await asyncio.gather(store(spool, body), store(spool, b"small\n"))
        assert sorted(await drain(spool)) == sorted([body, b"small\n"])
        assert held_in(folder) == []


async def test_parts_share_a_bounded_memory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_work(folder) as spool:
        monkeypatch.setattr(spool, "_memory", Memory(2500))
        with ExitStack() as stack:
            some = [stack.enter_context(spool.part()) for _ in range(3)]
            for part in some:
                part.write(b"x" * 999 + b"\n")
            assert len(held_in(folder)) == 1
            assert [b"".join(part.blocks()) for part in some] == [b"x" * 999 + b"\n"] * 3
            some[0].write(b"y" * 999 + b"\n")  # what it had in memory goes to its file
            assert len(held_in(folder)) == 2
            assert b"".join(some[0].blocks()) == b"x" * 999 + b"\n" + b"y" * 999 + b"\n"
        assert held_in(folder) == []
        for _ in range(5):
            with spool.part() as part:
                part.write(b"x" * 2500)
                assert held_in(folder) == []


async def test_a_large_batch_is_a_segment_of_its_own(folder: Path) -> None:
    body = b"x" * (LIMITS.segment_size // 4) + b"\n"
    async with at_work(folder) as spool:
        await store(spool, b"small\n")
        await store(spool, body)
        (segment,) = spool.stock.sealed
        assert batches_of(segment) == [body]
        assert read_index(segment.path.with_suffix(".index")) == segment


async def test_a_repeated_batch_is_stored_once(folder: Path) -> None:
    async with at_work(folder) as spool:
        assert await store(spool, b"a\n") is Settled.STORED
        assert await store(spool, b"a\n") is Settled.REPEATED
        together = await asyncio.gather(*(store(spool, b"b\n") for _ in range(5)))
        assert sorted(each.value for each in together) == ["repeated"] * 4 + ["stored"]
        assert await drain(spool) == [b"a\n", b"b\n"]
        assert await store(spool, b"a\n") is Settled.REPEATED
        assert spool.stock.parts == set()


async def test_a_repeat_is_known_after_a_restart(folder: Path) -> None:
    async with at_work(folder) as spool:
        await store(spool, b"a\n")
    async with at_work(folder) as spool:
        assert await store(spool, b"a\n") is Settled.REPEATED
        assert await drain(spool) == [b"a\n"]


async def test_a_digest_is_forgotten_after_a_day(folder: Path) -> None:
    now = 0.0
    async with at_work(folder, clock=lambda: now) as spool:
        await store(spool, b"a\n")
        now += 24 * 3600 - 1
        assert await store(spool, b"a\n") is Settled.REPEATED
        now += 1
        assert await store(spool, b"a\n") is Settled.STORED


async def test_lines_without_a_digest_are_never_a_repeat(folder: Path) -> None:
    async with at_work(folder) as spool:
        await asyncio.gather(*(store(spool, b"same\n", name="") for _ in range(3)))
        assert await drain(spool) == [b"same\n"] * 3


async def test_a_sender_who_goes_leaves_nothing(folder: Path) -> None:
    async with at_work(folder) as spool:
        with spool.part() as part:
            part.write(b"x" * (2 * IN_MEMORY))
            assert spool.stock.size == 2 * IN_MEMORY
            assert len(held_in(folder)) == 1
        assert spool.stock.size == 0
        assert held_in(folder) == []


async def test_a_batch_is_stored_though_its_sender_no_longer_waits(folder: Path) -> None:
    async with at_work(folder) as spool:
        sender = asyncio.create_task(store(spool, b"a\n"))
        await asyncio.sleep(0)
        sender.cancel()
        (segment,) = await spool.oldest()
        assert batches_of(segment) == [b"a\n"]
        assert await store(spool, b"a\n") is Settled.REPEATED


async def test_a_full_spool_refuses_until_something_is_released(folder: Path) -> None:
    limits = SpoolLimits(quota=100, segment_size=10**6, segment_age=0.01)
    async with at_work(folder, limits) as spool:
        await store(spool, b"x" * 99 + b"\n")
        with pytest.raises(NoRoom):
            await store(spool, b"more\n")
        assert spool.health().reason == "its quota is reached"
        await drain(spool)
        assert spool.health().fresh
        assert await store(spool, b"more\n") is Settled.STORED


async def test_parts_count_against_the_quota(folder: Path) -> None:
    limits = SpoolLimits(quota=100, segment_size=10**6, segment_age=0.01)
    async with at_work(folder, limits) as spool:
        with spool.part() as part:
            part.write(b"x" * 101)
            with pytest.raises(NoRoom):
                spool.check_room()
        spool.check_room()


@pytest.mark.parametrize("failing", [1, 2])
async def test_a_failed_sync_refuses_the_batch_and_keeps_those_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    fdatasync = os.fdatasync
    left = 0

    def failing_once(file: int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise OSError(errno.EIO, "Input/output error")
        fdatasync(file)

    monkeypatch.setattr(os, "fdatasync", failing_once)
    async with at_work(folder) as spool:
        await store(spool, b"before\n")
        left = failing
        with pytest.raises(NoRoom, match="input/output error"):
            await store(spool, b"refused\n")
        assert not spool.health().fresh
        assert await store(spool, b"refused\n") is Settled.STORED
        assert spool.health().fresh
        # What a failed sync has left behind nobody knows: nothing is written after it.
        assert [segment.lines for segment in spool.stock.sealed] == [1]
        assert await drain(spool) == [b"before\n", b"refused\n"]
        assert held_in(folder) == []


async def test_a_failed_sync_of_a_large_batch_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    async with at_work(folder) as spool:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", failing)
            with pytest.raises(NoRoom):
                await store(spool, b"x" * LIMITS.segment_size + b"\n")
        assert held_in(folder) == []
        assert spool.stock.size == 0
        assert await store(spool, b"x" * LIMITS.segment_size + b"\n") is Settled.STORED


async def test_a_folder_belongs_to_one_spool(folder: Path) -> None:
    async with at_work(folder):
        with pytest.raises(StartError, match="another process uses the folder"):
            async with at_work(folder):
                pass
    async with at_work(folder):
        pass


async def test_a_folder_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="not a directory"):
        async with at_work(tmp_path / "file" / "spool"):
            pass


async def test_nobody_else_may_read_what_is_stored(folder: Path) -> None:
    async with at_work(folder) as spool:
        with spool.part() as part:
            part.write(b"x" * 2 * IN_MEMORY)
            await store(spool, b"a\n")
            modes = {mode_of(path) for path in [*held_in(folder), folder / "lock"]}
        assert modes == {0o600}
        assert mode_of(folder) == 0o700


async def test_a_folder_that_is_there_keeps_its_mode(shared: Path) -> None:
    async with at_work(shared):
        pass
    assert mode_of(shared) == 0o750


async def test_a_clock_that_was_stepped_back_makes_nothing_younger_than_now(folder: Path) -> None:
    async with at_work(folder) as spool:
        await store(spool, b"a\n")
    for path in held_in(folder):
        os.utime(path, (2**31, 2**31))
    async with at_work(folder) as spool:
        assert 0 <= spool.stock.age < 60
        assert await drain(spool) == [b"a\n"]


async def test_the_age_of_what_waits_survives_a_restart(folder: Path) -> None:
    async with at_work(folder) as spool:
        await store(spool, b"a\n")
    for path in held_in(folder):
        written = path.stat().st_mtime - 3600
        os.utime(path, (written, written))
    async with at_work(folder) as spool:
        assert 3600 <= spool.stock.age < 3660
