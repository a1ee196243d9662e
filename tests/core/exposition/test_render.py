import asyncio
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry, Counter, Metric
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from exporters.core.exposition import (
    Encoding,
    HistogramFamily,
    Limits,
    ValueFamily,
    expose,
    negotiate,
    render,
)

OPENMETRICS = negotiate("application/openmetrics-text;version=1.0.0")
parse: Callable[[str], Iterable[Metric]] = text_string_to_metric_families
LIMITS = Limits(series=200_000, label=200_000)


class Clock:
    """Time that passes only when it is read: a millisecond for each look."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> float:
        self.looks += 1
        return self.looks / 1000


def gauge(series: int) -> ValueFamily:
    family = ValueFamily("gauge", "size_bytes", "Size.", ("id",), limits=LIMITS)
    family.replace([((str(i),), i * 1.5) for i in range(series)])
    return family


def histogram(series: int) -> HistogramFamily:
    family = HistogramFamily("wait_seconds", "Wait.", ("id",), buckets=range(1, 11), limits=LIMITS)
    family.add_many([((str(i),), [1] * 11, 5.0) for i in range(series)])
    return family


def library_gauge(series: int) -> Metric:
    metric = GaugeMetricFamily("theirs", "Theirs.", labels=["id"])
    for i in range(series):
        metric.add_metric([str(i)], i)
    return metric


async def turns_during(work: asyncio.Task[bytes]) -> int:
    turns = 0
    while not work.done():
        await asyncio.sleep(0)
        turns += 1
    return turns


async def test_a_large_page_gives_others_a_turn_within_every_budget() -> None:
    clock = Clock()
    work = asyncio.create_task(expose([gauge(100_000)], negotiate(None), budget=0.005, clock=clock))
    turns = await turns_during(work)
    # A thousand lines between two looks at the clock, and a turn after five milliseconds of it.
    assert clock.looks >= 97
    assert turns >= clock.looks // 6
    assert await work == render([gauge(100_000)], negotiate(None))


def test_between_two_looks_at_the_clock_there_is_little_work() -> None:
    for family in (gauge(5000), histogram(500)):
        blocks = list(family.blocks(1024))
        assert max(block.count("\n") for block in blocks) <= 1024
        assert sum(block.count("\n") for block in blocks) == len(family.samples)


def test_a_histogram_with_more_lines_than_a_block_is_not_split() -> None:
    assert [block.count("\n") for block in histogram(3).blocks(1)] == [13, 13, 13]


def test_the_librarys_writer_gets_few_samples_at_a_time(encoding: Encoding) -> None:
    sizes: list[int] = []

    def spy(collector: Collector) -> bytes:
        sizes.extend(len(metric.samples) for metric in collector.collect())
        return encoding.write(collector)

    render([library_gauge(1000)], replace(encoding, write=spy))
    assert sum(sizes) == 1000
    assert max(sizes) <= 64


def change_everything(family: ValueFamily, waits: HistogramFamily, step: int) -> None:
    """One of the changes that may fall between two slices."""
    family.inc((str(10_000 + step),), 1)
    family.remove((str(step),))
    waits.observe((str(step * 7),), 3)
    waits.observe((f"new {step}",), 3)
    waits.remove((str(step + 1),))
    if step % 3 == 0:
        family.replace([((str(i),), float(step)) for i in range(step, 3000)])
    if step % 5 == 0:
        family.clear()


async def test_families_that_change_during_a_rendering_neither_break_nor_repeat() -> None:
    family, waits = gauge(3000), histogram(300)
    work = asyncio.create_task(expose([family, waits, library_gauge(200)], OPENMETRICS, budget=0))
    step = 0
    while not work.done():
        change_everything(family, waits, step)
        step += 1
        await asyncio.sleep(0)
    assert step > 5
    check_page((await work).decode())


def check_page(text: str) -> None:
    """Every series once, every histogram of one moment."""
    seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    for metric in parse(text):
        counts: dict[str, list[float]] = {}
        for sample in metric.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in seen
            seen.add(key)
            if sample.name.endswith(("_bucket", "_count")):
                counts.setdefault(sample.labels["id"], []).append(sample.value)
        for values in counts.values():
            assert values == sorted(values)
            assert values[-1] == values[-2]
    assert len(seen) > 1000


async def test_a_rendering_shows_a_family_of_one_moment() -> None:
    family = gauge(0)
    family.add_many([((str(i),), 0) for i in range(5000)])
    work = asyncio.create_task(expose([family], negotiate(None), budget=0))
    step = 0
    while not work.done():
        step += 1
        family.add_many([((str(i),), 1) for i in range(5000)])
        await asyncio.sleep(0)
    lines = (await work).decode().splitlines()[2:]
    assert len({line.split()[-1] for line in lines}) == 1


async def test_a_registry_of_both_sorts_renders_as_the_library_does(encoding: Encoding) -> None:
    registry = CollectorRegistry()
    Counter("theirs_total", "Theirs.", ["a"], registry=registry).labels("x").inc(3)
    registry.register(gauge(3))
    registry.register(histogram(2))
    assert await expose(registry.collect(), encoding) == encoding.write(registry)


def page_of_everything() -> bytes:
    """Every kind of family, with values that need care."""
    family: Callable[..., ValueFamily] = ValueFamily
    requests = family("counter", "app_requests_total", "Requests.", ("path",))
    info = family("info", "app_info", 'Says "what" \\ it is.', ("version",))
    legacy = family("unknown", "app_cpu_seconds", "CPU.", ())
    size = family("gauge", "app_size_bytes", "Size\nin bytes.", ("disk", "kind"))
    requests.add_many([(('a "quoted" \\ path\n',), 3), (("é🎧",), 12_345_678)])
    info.set(("1.2",), 1)
    legacy.set((), 0.25)
    size.replace([(("a", ""), float("inf")), (("b", "%s"), float("nan")), (("c", "{}"), -1e300)])
    return render([requests, info, legacy, size, histogram(3)], negotiate(None))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus)")
def test_promtool_finds_no_fault_with_a_page() -> None:
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=page_of_everything(),
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
