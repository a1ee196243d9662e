"""The worker: every segment once, whatever fails meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from exporters.core.errors import SourceUnavailable
from exporters.core.exposition import ignore_drops
from exporters.core.telemetry import Telemetry
from exporters.fastly.measure import REASONS
from exporters.fastly.quarantine import Quarantine
from exporters.fastly.record import Recorded, Recorder, StreamMetrics, Worker
from exporters.fastly.segment import SOURCES, Segment
from tests.fastly.traffic import Counting, body, request, segment


class Shelf:
    """Segments in the order in which they are put there."""

    def __init__(self) -> None:
        self.waiting: list[Segment] = []
        self.released: list[str] = []
        self.changed = asyncio.Event()

    async def oldest(self, count: int = 1, besides: Collection[str] = ()) -> Sequence[Segment]:
        while not (free := [each for each in self.waiting if each.id not in besides]):
            self.changed.clear()
            await self.changed.wait()
        return free[:count]

    async def release(self, segment: Segment) -> None:
        self.waiting.remove(segment)
        self.released.append(segment.id)

    def put(self, *segments: Segment) -> None:
        self.waiting += segments
        self.changed.set()


class Flaky:
    """A recorder whose ledger is away for some attempts, and which can be held up."""

    def __init__(self, behind: Recorder) -> None:
        self.ledger = behind.ledger
        self.behind, self.away = behind, 0
        self.before: Callable[[], None] = lambda: None
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def record(self, segment: Segment) -> Recorded:
        self.before()
        await self.go_on.wait()
        if self.away:
            self.away -= 1
            raise SourceUnavailable("the ledger: nothing listens at that address")
        return await self.behind.record(segment)


class Scene:
    """A worker at work."""

    def __init__(self, count: Counting, folder: Path, recorders: int = 1) -> None:
        self.count, self.shelf = count, Shelf()
        self.recorders = [Flaky(count.recorder) for _ in range(recorders)]
        self.recorder = self.recorders[0]
        self.registry = CollectorRegistry()
        self.metrics = StreamMetrics(SOURCES, ignore_drops)
        self.quarantine = Quarantine(folder / "quarantine", 100_000, REASONS, SOURCES)
        self.registry.register(self.metrics)
        self.registry.register(self.quarantine.rejected)
        self.repeated: list[tuple[str, int]] = []
        self.naps: list[float] = []
        self.worker = Worker(
            self.shelf,
            self.recorders,  # type: ignore[arg-type]
            self.metrics,
            self.quarantine,
            lambda source, n: self.repeated.append((source, n)),
            Telemetry(self.registry, "1"),
            sleep=self.sleep,
        )

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        await asyncio.sleep(0 if seconds < 50 else 3600)

    def page(self) -> str:
        return generate_latest(self.registry).decode()


@asynccontextmanager
async def working(scene: Scene) -> AsyncIterator[None]:
    running = asyncio.create_task(scene.worker.run())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@pytest.fixture
def scene(count: Counting, tmp_path: Path) -> Scene:
    return Scene(count, tmp_path)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


def segments(folder: Path, *bodies: Sequence[object]) -> list[Segment]:
    return [segment(folder, body(lines)) for lines in bodies]  # type: ignore[arg-type]


async def test_every_segment_is_recorded_told_and_released(scene: Scene, tmp_path: Path) -> None:
    waiting = segments(tmp_path, [request()], [request(client_ip="192.0.2.2"), "{broken"])
    async with working(scene):
        scene.shelf.put(*waiting)
        await until(lambda: len(scene.shelf.released) == 2)
    assert await scene.count.downloads() == {("2026-10-09", "1"): 2}
    page = scene.page()
    assert 'cdn_log_lines_total{source="https"} 3.0' in page
    assert 'cdn_log_lines_rejected_total{reason="malformed",source="https"} 1.0' in page
    assert (
        'cdn_requests_total{cache="HIT",host="cdn.example.com",pop="FRA",status="206"} 2.0' in page
    )
    assert 'cdn_log_lag_seconds_count{source="https"} 2.0' in page
    assert 'cdn_audio_delivery_bytes_per_second_count{continent="EU"} 2.0' in page
    kept = (tmp_path / "quarantine" / "rejected.jsonl").read_text()
    assert "{broken" in kept


async def test_a_segment_that_was_recorded_before_a_crash_adds_nothing(
    scene: Scene, tmp_path: Path
) -> None:
    (again,) = segments(tmp_path, [request()])
    await scene.count.recorder.record(again)
    async with working(scene):
        scene.shelf.put(again)
        await until(lambda: bool(scene.shelf.released))
    assert await scene.count.outcomes() == {"counted": 1}
    assert 'cdn_log_lines_total{source="https"} 0.0' in scene.page()


async def test_repeated_batches_are_told_with_their_source(scene: Scene, tmp_path: Path) -> None:
    one, two = segments(tmp_path, [request()], [request()])
    async with working(scene):
        scene.shelf.put(one, two)
        await until(lambda: len(scene.shelf.released) == 2)
    assert [n for _, n in scene.repeated] == [0, 1]
    assert await scene.count.outcomes() == {"counted": 1}


async def test_a_recorder_that_is_free_takes_the_next_segment_while_another_is_long_at_work(
    count: Counting, tmp_path: Path
) -> None:
    scene = Scene(count, tmp_path, recorders=2)
    long, *others = segments(tmp_path, *([request(client_ip=f"192.0.2.{n}")] for n in range(4)))
    scene.recorder.go_on.clear()
    asked: list[None] = []
    scene.recorder.before = lambda: asked.append(None)
    async with working(scene):
        scene.shelf.put(long)
        await until(lambda: bool(asked))
        scene.shelf.put(*others)
        await until(lambda: len(scene.shelf.released) == 3)
        assert scene.shelf.released == [each.id for each in others]
        scene.recorder.go_on.set()
        await until(lambda: len(scene.shelf.released) == 4)
    assert await count.outcomes() == {"counted": 4}


async def test_what_fails_is_told_until_it_is_recorded_whatever_else_is(
    count: Counting, tmp_path: Path
) -> None:
    scene = Scene(count, tmp_path, recorders=2)
    gone, good = segments(tmp_path, [request()], [request(client_ip="192.0.2.2")])
    lines = gone.path.read_bytes()
    gone.path.unlink()
    async with working(scene):
        scene.shelf.put(gone)
        await until(lambda: not scene.worker.health().fresh)
        scene.shelf.put(good)
        await until(lambda: scene.shelf.released == [good.id])
        health = scene.worker.health()
        assert (health.fresh, health.reason) == (False, "disk: no such file or directory")
        gone.path.write_bytes(lines)
        await until(lambda: len(scene.shelf.released) == 2 and scene.worker.health().fresh)
    assert await count.outcomes() == {"counted": 2}


async def test_a_ledger_that_is_away_is_waited_for(scene: Scene, tmp_path: Path) -> None:
    scene.recorder.away = 3
    seen: list[bool] = []
    scene.recorder.before = lambda: seen.append(scene.worker.health().fresh)
    async with working(scene):
        scene.shelf.put(*segments(tmp_path, [request()]))
        await until(lambda: bool(scene.shelf.released))
        await until(lambda: scene.worker.health().fresh)
    assert seen == [True, False, False, False]
    naps = [nap for nap in scene.naps if nap < 50]
    assert naps == sorted(naps)
    assert len(naps) == 3
    failures = scene.registry.get_sample_value(
        "nearfield_poll_failures_total",
        {"exporter": "fastly", "source": "ledger", "reason": "unavailable"},
    )
    assert failures == 3
