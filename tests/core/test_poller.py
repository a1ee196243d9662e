import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from prometheus_client import CollectorRegistry

from exporters.core.backoff import Backoff
from exporters.core.errors import SourceError, SourceRejected, SourceTimeout
from exporters.core.poller import Pace, Poller
from exporters.core.telemetry import REASONS, Telemetry


class Readings:
    """A source that gives one answer after the other, and the last one for ever."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)

    async def __call__(self) -> object:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Bench:
    """A poller on a bench: its clock stands until it is moved, its sleeps end at once."""

    def __init__(self, read: Callable[[], Awaitable[object]], pace: Pace, rounds: int = 1) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self.rounds = rounds
        self.registry = CollectorRegistry()
        self.poller = Poller(
            "shop",
            "shelf",
            read,
            pace,
            Telemetry(self.registry, "0"),
            sleep=self.sleep,
            clock=lambda: self.now,
        )

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        if len(self.slept) == self.rounds:
            raise asyncio.CancelledError

    async def run(self) -> None:
        with pytest.raises(asyncio.CancelledError):
            await self.poller.run()

    def sample(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(
            f"nearfield_{name}", {"exporter": "shop", "source": "shelf", **labels}
        )


PACE = Pace(interval=30, deadline=0.05, max_age=100, backoff=Backoff(jitter=0))


async def test_a_poll_that_succeeds_gives_a_fresh_snapshot() -> None:
    bench = Bench(Readings("milk"), PACE)
    await bench.poller.poll()
    health = bench.poller.health()
    assert bench.poller.snapshot == "milk"
    assert (health.fresh, health.reason, health.age) == (True, "", 0.0)
    assert bench.sample("polls_total") == 1


async def test_every_reason_exists_at_zero_before_the_first_poll() -> None:
    bench = Bench(Readings("milk"), PACE)
    assert [bench.sample("poll_failures_total", reason=reason) for reason in REASONS] == [
        0 for _ in REASONS
    ]
    assert not bench.poller.health().fresh
    assert bench.poller.health().reason == "no data yet"


async def test_a_failure_is_counted_by_its_reason_and_moves_no_success() -> None:
    bench = Bench(Readings("milk", SourceRejected("no")), PACE)
    await bench.poller.poll()
    success = bench.sample("last_success_timestamp_seconds")
    await bench.poller.poll()
    assert bench.sample("poll_failures_total", reason="rejected") == 1
    assert bench.sample("last_success_timestamp_seconds") == success
    assert bench.poller.snapshot == "milk"
    assert bench.poller.health().reason == "rejected: no"


async def test_a_source_that_never_succeeded_has_no_time_of_success() -> None:
    bench = Bench(Readings(SourceRejected("no")), PACE)
    await bench.poller.poll()
    assert bench.sample("last_success_timestamp_seconds") is None


async def test_a_snapshot_disappears_when_it_is_too_old() -> None:
    bench = Bench(Readings("milk"), PACE)
    await bench.poller.poll()
    seen = []
    for bench.now in (100.0, 100.1):
        seen.append(bench.poller.snapshot)
    assert seen == ["milk", None]
    assert not bench.poller.health().fresh


async def test_a_read_past_its_deadline_is_cancelled_and_counted_as_timeout() -> None:
    cancelled = asyncio.Event()

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    bench = Bench(slow, PACE)
    await bench.poller.poll()
    assert cancelled.is_set()
    assert bench.sample("poll_failures_total", reason="timeout") == 1


async def test_failures_wait_longer_each_time_until_a_success() -> None:
    failures = [SourceRejected("no")] * 3
    bench = Bench(Readings(*failures, "milk", SourceTimeout("slow")), PACE, rounds=5)
    await bench.run()
    assert bench.slept == [1.0, 2.0, 4.0, 30.0, 1.0]


async def test_the_interval_runs_from_start_to_start() -> None:
    bench = Bench(Readings("unused"), PACE, rounds=2)

    async def takes_ten_seconds() -> str:
        bench.now += 10
        return "milk"

    bench.poller._read = takes_ten_seconds
    await bench.run()
    assert bench.slept == [20.0, 20.0]


async def test_to_wait_for_a_turn_is_no_part_of_the_poll() -> None:
    registry, turn, read = CollectorRegistry(), asyncio.Semaphore(1), asyncio.Event()

    async def reading() -> str:
        read.set()
        return "milk"

    poller = Poller("shop", "shelf", reading, PACE, Telemetry(registry, "0"), turn=turn)
    async with turn:
        running = asyncio.create_task(poller.run())
        await asyncio.sleep(2 * PACE.deadline)
        assert not read.is_set()
    await asyncio.wait_for(read.wait(), 1)
    running.cancel()
    await asyncio.wait({running})
    labels = {"exporter": "shop", "source": "shelf"}
    assert registry.get_sample_value("nearfield_polls_total", labels) == 1
    assert poller.health().reason == ""
    duration = registry.get_sample_value("nearfield_poll_duration_seconds_sum", labels)
    assert duration is not None
    assert duration < PACE.deadline


async def test_one_line_when_a_source_fails_and_one_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    failures: list[SourceError] = [
        SourceRejected("no"),
        SourceTimeout("slow"),
        SourceRejected("no"),
    ]
    bench = Bench(Readings(*failures, "milk", "milk"), PACE, rounds=5)
    await bench.run()
    assert [record.getMessage() for record in caplog.records] == [
        "shop/shelf cannot be read, and is tried again: rejected: no",
        "shop/shelf is back after 3 failed reads",
    ]


async def test_a_bug_is_no_failure_of_the_source() -> None:
    bench = Bench(Readings(ZeroDivisionError()), PACE)
    with pytest.raises(ZeroDivisionError):
        await bench.poller.run()


async def test_tasks_are_counted_while_they_run() -> None:
    registry = CollectorRegistry()
    Telemetry(registry, "0")
    before = registry.get_sample_value("nearfield_tasks") or 0
    sleeper = asyncio.create_task(asyncio.sleep(60))
    assert registry.get_sample_value("nearfield_tasks") == before + 1
    sleeper.cancel()
    await asyncio.wait([sleeper])
    assert registry.get_sample_value("nearfield_tasks") == before


async def test_a_forgotten_source_leaves_no_series() -> None:
    registry = CollectorRegistry()
    telemetry = Telemetry(registry, "0")
    telemetry.introduce("shop", "shelf")
    telemetry.forget("shop", "shelf")
    left = {s.name for m in registry.collect() for s in m.samples if "source" in s.labels}
    assert left == set()


@pytest.mark.parametrize(("failures", "expected"), [(1, 1.0), (2, 2.0), (7, 60.0), (10_000, 60.0)])
def test_backoff_doubles_up_to_its_limit_however_long_it_lasts(
    failures: int, expected: float
) -> None:
    assert Backoff(jitter=0).delay(failures) == expected


def test_backoff_spreads_retries_by_its_jitter() -> None:
    backoff = Backoff(jitter=0.2)
    assert backoff.delay(1, rand=lambda: 0.0) == pytest.approx(0.8)
    assert backoff.delay(1, rand=lambda: 1.0) == pytest.approx(1.2)


def test_a_source_that_is_read_once_an_hour_is_tried_again_within_five_minutes() -> None:
    assert Pace.every(3600).backoff.delay(1_000, rand=lambda: 1.0) < 300


async def test_followers_hear_of_each_new_snapshot_and_of_no_failure() -> None:
    bench = Bench(Readings("first", SourceRejected("no"), "second"), Pace.every(60), rounds=3)
    heard: list[object] = []

    async def follower() -> None:
        heard.append(bench.poller.snapshot)

    bench.poller.follow(follower)
    await bench.run()
    assert heard == ["first", "second"]


async def test_what_the_log_has_already_is_not_said_by_each_poller(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = SourceRejected("no")
    told.told = True
    bench = Bench(Readings(told, told, SourceRejected("never"), "back"), Pace.every(60), rounds=4)
    with caplog.at_level(logging.INFO):
        await bench.run()
    assert [record.message for record in caplog.records] == [
        "shop/shelf cannot be read, and is tried again: rejected: never",
        "shop/shelf is back after 3 failed reads",
    ]
