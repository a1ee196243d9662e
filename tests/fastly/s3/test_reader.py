"""Objects of a real store go to a real spool, each once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store

from exporters.core.errors import SourceUnavailable
from exporters.fastly.quarantine import Quarantine
from exporters.fastly.receive import ReceiveMetrics
from exporters.fastly.s3 import Bucket, S3Reader
from exporters.fastly.s3.reader import AT_A_TIME, EVERYTHING
from exporters.fastly.settings import S3Settings
from exporters.fastly.spool import Spool, SpoolLimits
from tests.fastly.bodies.encodings import ENCODERS
from tests.fastly.receive.receiving import receiving, until
from tests.fastly.spool.spooling import LIMITS, at_work, drain

KEY = "fastly/cdn-2026-01-02T12:%02d:00.000-abc.log"


class Reading:
    """A reader that polls when it is told to, at a time that is told."""

    def __init__(self, folder: Path, section: S3Settings, spool: Spool) -> None:
        self.metrics = ReceiveMetrics(["s3"])
        self.seconds = 0.0
        self.since = datetime.now(UTC) - timedelta(hours=1)
        self.spool = spool
        self.reader = S3Reader(
            str(section.url),
            Bucket.open(str(section.url), section),
            folder / "s3.json",
            3600.0,
            1000,
            spool,
            Quarantine(folder / "quarantine", 10**6, [], ["s3"]),
            self.metrics,
            now=lambda: self.since + timedelta(hours=1),
            clock=lambda: self.seconds,
        )

    async def lines(self) -> list[bytes]:
        """What one poll brought."""
        await self.reader.poll()
        return b"".join(await drain(self.spool)).splitlines()


@asynccontextmanager
async def reading(
    folder: Path, section: S3Settings, limits: SpoolLimits = LIMITS
) -> AsyncIterator[Reading]:
    async with at_work(folder / "spool", limits) as spool:
        yield Reading(folder, section, spool)


async def put(store: S3Store, key: str, body: bytes) -> None:
    await obstore.put_async(store, key, body)


async def test_each_object_is_taken_once(
    tmp_path: Path, store: S3Store, section: S3Settings
) -> None:
    async with reading(tmp_path, section) as bucket:
        assert await bucket.lines() == []
        await put(store, KEY % 1, b"a\nb\n")
        await put(store, KEY % 2, b"c\n")
        assert sorted(await bucket.lines()) == [b"a", b"b", b"c"]
        await put(store, KEY % 3, b"d\n")
        assert await bucket.lines() == [b"d"]
        assert await bucket.lines() == []
        assert bucket.metrics.batches.value(("s3",)) == 3


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "x-snappy-framed", "snappy"])
async def test_a_compressed_object_is_read(
    tmp_path: Path, store: S3Store, section: S3Settings, encoding: str
) -> None:
    suffix = {"gzip": ".gz", "zstd": ".zst"}.get(encoding, ".snappy")
    await put(store, KEY % 1 + suffix, ENCODERS[encoding](b"a\nb\n"))
    async with reading(tmp_path, section) as bucket:
        assert await bucket.lines() == [b"a", b"b"]


async def test_only_the_prefix_is_read(tmp_path: Path, store: S3Store, section: S3Settings) -> None:
    for key in ("other.log", "fastly/other.log", "fastly/cdn-1.log", "fastly/cdn-2/x.log"):
        await put(store, key, key.encode())
    async with reading(tmp_path, section) as bucket:
        assert sorted(await bucket.lines()) == [b"fastly/cdn-1.log", b"fastly/cdn-2/x.log"]


async def test_the_same_content_under_another_name_is_a_repeat(
    tmp_path: Path, store: S3Store, section: S3Settings
) -> None:
    await put(store, KEY % 1, b"a\n")
    await put(store, KEY % 2 + ".gz", ENCODERS["gzip"](b"a\n"))
    async with reading(tmp_path, section) as bucket:
        assert await bucket.lines() == [b"a"]
        assert bucket.metrics.repeated.value(("s3",)) == 1


async def test_what_was_taken_is_known_after_a_restart(
    tmp_path: Path, store: S3Store, section: S3Settings
) -> None:
    await put(store, KEY % 1, b"a\n")
    async with reading(tmp_path, section) as bucket:
        assert await bucket.lines() == [b"a"]
    await put(store, KEY % 2, b"b\n")
    async with reading(tmp_path, section) as bucket:
        assert await bucket.lines() == [b"b"]
        assert bucket.metrics.repeated.value(("s3",)) == 0


async def test_objects_from_before_the_beginning_are_left_alone(
    tmp_path: Path, store: S3Store, section: S3Settings
) -> None:
    await put(store, KEY % 1, b"a\n")
    async with reading(tmp_path, section) as bucket:
        bucket.since += timedelta(hours=2)
        assert await bucket.lines() == []


async def test_a_late_object_is_found_when_everything_is_listed(
    tmp_path: Path, store: S3Store, section: S3Settings
) -> None:
    await put(store, KEY % 5, b"old\n")
    async with reading(tmp_path, section) as bucket:
        bucket.since = datetime.now(UTC) + timedelta(hours=1)  # so that it is old
        assert await bucket.lines() == []
        assert bucket.reader._after == KEY % 5
        assert bucket.reader._taken is not None
        bucket.reader._taken.since = datetime.now(UTC) - timedelta(hours=1)
        await put(store, KEY % 6, b"next\n")
        await put(store, KEY % 4, b"late\n")
        assert await bucket.lines() == [b"next"]
        bucket.seconds += EVERYTHING
        assert b"late" in await bucket.lines()


async def test_a_broken_object_is_passed_over_once(
    tmp_path: Path, store: S3Store, section: S3Settings
) -> None:
    await put(store, KEY % 1 + ".gz", ENCODERS["gzip"](b"a\n")[:-5])
    await put(store, KEY % 2, b"b\n")
    async with reading(tmp_path, section) as bucket:
        assert await bucket.lines() == [b"b"]
        assert await bucket.lines() == []
        assert bucket.metrics.refused.value(("s3", "corrupt")) == 1


async def test_a_full_spool_is_tried_again(
    tmp_path: Path, store: S3Store, section: S3Settings
) -> None:
    bodies = [b"%d" % n * 600 + b"\n" for n in range(8)]
    for number, body in enumerate(bodies):
        await put(store, KEY % number, body)
    limits = SpoolLimits(600 * (AT_A_TIME + 1), 10**6, 0.01)
    async with reading(tmp_path, section, limits) as bucket:
        with pytest.raises(SourceUnavailable, match="the spool takes nothing: the spool is full"):
            await bucket.reader.poll()
        first = await drain(bucket.spool)
        assert 0 < len(first) < len(bodies)
        await bucket.reader.poll()
        assert sorted(first + await drain(bucket.spool)) == bodies
        assert bucket.metrics.repeated.value(("s3",)) == 0


async def test_a_few_objects_are_read_at_a_time(
    tmp_path: Path, store: S3Store, section: S3Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3 * AT_A_TIME):
        await put(store, KEY % number, b"%d\n" % number)
    reading_now = most = 0
    read = Bucket.read

    async def counted(self: Bucket, key: str) -> AsyncIterator[bytes]:
        nonlocal reading_now, most
        reading_now += 1
        most = max(most, reading_now)
        async for block in read(self, key):
            yield block
        reading_now -= 1

    monkeypatch.setattr(Bucket, "read", counted)
    async with reading(tmp_path, section) as bucket:
        assert sorted(map(int, await bucket.lines())) == list(range(3 * AT_A_TIME))
    assert most == AT_A_TIME


async def test_a_bucket_that_is_not_there_is_told(
    tmp_path: Path, store: S3Store, section: S3Settings
) -> None:
    absent = section.model_copy(update={"url": "s3://no-such-bucket/x"})
    async with reading(tmp_path, absent) as bucket:
        with pytest.raises(SourceUnavailable, match="the bucket is not there"):
            await bucket.reader.poll()


async def test_nobody_who_answers_is_told(tmp_path: Path, section: S3Settings) -> None:
    nobody = section.model_copy(update={"endpoint": "http://127.0.0.1:9"})
    async with reading(tmp_path, nobody) as bucket:
        with pytest.raises(SourceUnavailable) as caught:
            await bucket.reader.poll()
        assert "secret" not in str(caught.value)


async def test_a_bucket_is_polled_from_the_settings(
    tmp_path: Path, store: S3Store, section: S3Settings
) -> None:
    given = {**section.model_dump(), "secret_access_key": "secret"}
    async with receiving(tmp_path, s3=given) as running:
        await put(store, KEY % 1, b"a\n")
        await until(lambda: running.intake.spool.stock.segments == 1)
        await asyncio.sleep(0)
        assert await running.stored() == [b"a\n"]
