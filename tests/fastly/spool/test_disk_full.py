"""A disk that is full: nothing that was answered is lost, and room that comes back is used."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters.fastly.receive_refusals import DiskFailed, NoRoom
from exporters.fastly.spool import Settled, SpoolLimits, parts
from tests.fastly.spool.disks import fill, small
from tests.fastly.spool.spooling import LIMITS, at_work, batches_of, drain, held_in, store


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small(tmp_path):
        yield tmp_path


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "IN_MEMORY", 50_000)


@pytest.mark.parametrize("size", [1000, 100_000, 200_000, LIMITS.segment_size])
async def test_a_full_disk_refuses_what_does_not_fit_and_keeps_the_rest(
    small_disk: Path, little_memory: None, size: int
) -> None:
    stored: list[bytes] = []
    refused = 0
    async with at_work(small_disk / "spool") as spool:
        for number in range(5000):
            body = b"%0*d\n" % (size - 1, number)
            try:
                await store(spool, body)
            except NoRoom as error:
                assert str(error) == "no space left on device"
                refused += 1
                if refused == 3:
                    break
            else:
                stored.append(body)
        assert refused == 3
        assert len(stored) * size > 1_000_000
        assert spool.health().reason == "no space left on device"
        assert spool.stock.parts == set()

        (segment, *_) = await spool.oldest()
        released = batches_of(segment)
        await spool.release(segment)
        again = b"%0*d\n" % (size - 1, 4999)
        assert await store(spool, again) is Settled.STORED
        assert spool.health().fresh
        assert sorted(released + await drain(spool)) == sorted([*stored, again])
        assert held_in(small_disk / "spool") == []


async def test_what_was_answered_on_a_full_disk_survives_a_restart(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    async with at_work(small_disk / "spool") as spool:
        await store(spool, b"before\n")
        fill(ballast)
        with pytest.raises(NoRoom):
            await store(spool, b"x" * 100_000 + b"\n")
    async with at_work(small_disk / "spool") as spool:
        with pytest.raises(NoRoom):
            await store(spool, b"x" * 100_000 + b"\n")
        assert await drain(spool) == [b"before\n"]
        ballast.unlink()
        assert await store(spool, b"x" * 100_000 + b"\n") is Settled.STORED


async def test_a_batch_that_does_not_fit_leaves_its_room_to_the_next(small_disk: Path) -> None:
    limits = SpoolLimits(quota=10**9, segment_size=40_000_000, segment_age=0.01)
    async with at_work(small_disk / "spool", limits) as spool:
        await store(spool, b"before\n")
        together = await asyncio.gather(
            store(spool, b"x" * 5_000_000 + b"\n"),
            store(spool, b"small\n"),
            return_exceptions=True,
        )
        assert isinstance(together[0], DiskFailed)
        assert together[1] is Settled.STORED
        (segment,) = await spool.oldest()
        assert size_of(segment.path) == segment.size
        assert await drain(spool) == [b"before\n", b"small\n"]


def size_of(path: Path) -> int:
    return path.stat().st_size
