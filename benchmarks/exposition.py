"""Render 100,000 changed lines by our fast path and by prometheus_client, side by side.

    python benchmarks/exposition.py [--rounds 7] [--lines 100000] [--assert]

Every value changes before each rendering, and both must write the same bytes. The library gets its
samples ready made, which flatters it: its own metrics, and any collector, make them at each scrape.
The longest turn is how long other tasks waited while a page was rendered and compressed: in
processor time of the loop's thread, and by the wall clock, which also shows what else the machine
was doing.
"""

import argparse
import asyncio
import gc
import random
import statistics
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice, product
from time import perf_counter, thread_time

from prometheus_client import Metric

from exporters.core.exposition import (
    Encoding,
    Family,
    HistogramFamily,
    Labels,
    Limits,
    ValueFamily,
    ValueKind,
    compress,
    expose,
    negotiate,
)

GOAL_RATIO = 10.0
GOAL_SECONDS = 0.150
GOAL_TURN = 0.020

ENCODINGS = {
    "text": negotiate("text/plain;version=0.0.4"),
    "openmetrics": negotiate("application/openmetrics-text;version=1.0.0"),
}
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LINES_OF_A_HISTOGRAM = len(BUCKETS) + 3
LIMITS = Limits(series=10**7, label=10**7)


@dataclass(frozen=True)
class Page:
    """Families, and what gives every series of theirs a new value."""

    families: list[Family[float] | HistogramFamily] = field(default_factory=list)
    changes: list[Callable[[], None]] = field(default_factory=list)

    def change(self) -> None:
        """A new value for every series."""
        for change in self.changes:
            change()

    def values(self, family: ValueFamily, keys: list[Labels], draw: Callable[[], float]) -> None:
        """Add a family whose values are drawn."""
        self.families.append(family)
        self.changes.append(lambda: family.replace([(key, draw()) for key in keys]))

    def histograms(self, family: HistogramFamily, keys: list[Labels], rand: random.Random) -> None:
        """Add a family that gets a few observations in every bucket."""

        def change() -> None:
            for key in keys:
                counts = [rand.randrange(100) for _ in range(len(BUCKETS) + 1)]
                family.add(key, counts, rand.random() * 100)

        self.families.append(family)
        self.changes.append(change)


def page_of(lines: int, rand: random.Random) -> Page:
    """A third small whole numbers, a sixth large ones, a quarter fractions, the rest histograms."""
    hosts = [f"media-{i}.example.com" for i in range(1 + lines // 1000)]
    pops = [f"POP{i:02d}" for i in range(90)]
    page = Page()
    _count_requests(page, lines, hosts, pops, rand)
    shows = [f"the-long-running-show-{i}" for i in range(100)]
    episodes = [f"{i}-an-episode-with-a-name" for i in range(1 + lines // 400)]
    page.values(
        _family("gauge", "podcast_episode_weight", "podcast", "episode"),
        _keys(lines // 4, shows, episodes),
        lambda: rand.random() * 1000,
    )
    page.histograms(
        HistogramFamily(
            "cdn_request_duration_seconds",
            "How long.",
            ("host", "pop"),
            buckets=BUCKETS,
            limits=LIMITS,
        ),
        _keys(lines // 4 // LINES_OF_A_HISTOGRAM, hosts, pops),
        rand,
    )
    return page


def _count_requests(
    page: Page, lines: int, hosts: list[str], pops: list[str], rand: random.Random
) -> None:
    caches = ["HIT", "MISS", "PASS", "ERROR", "SYNTH"]
    statuses = [str(status) for status in range(200, 212)]
    page.values(
        _family("counter", "cdn_requests_total", "host", "pop", "status", "cache"),
        _keys(lines // 3, hosts, pops, statuses, caches),
        lambda: float(int(rand.lognormvariate(5, 2))),
    )
    page.values(
        _family("counter", "cdn_response_bytes_total", "host", "pop", "cache"),
        _keys(lines // 6, hosts, pops, caches),
        lambda: float(int(rand.lognormvariate(20, 3))),
    )


def _keys(count: int, *columns: list[str]) -> list[Labels]:
    return list(islice(product(*columns), count))


def _family(kind: ValueKind, name: str, *labels: str) -> ValueFamily:
    return ValueFamily(kind, name, "What it counts.", labels, limits=LIMITS)


class ReadyMade:
    """What the library's writers get: the same families as lists of samples."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self.metrics = []
        for family in families:
            metric = Metric(family.name, family.documentation, family.type)
            metric.samples = family.samples
            self.metrics.append(metric)

    def collect(self) -> Iterable[Metric]:
        """The metrics."""
        return self.metrics


@dataclass(frozen=True)
class Turn:
    """How long the event loop was held, in seconds."""

    work: float
    wall: float


async def longest_turn(stop: asyncio.Event) -> Turn:
    """The longest that another task waited for its turn."""
    turns = []
    before = Turn(thread_time(), perf_counter())
    while not stop.is_set():
        await asyncio.sleep(0)
        now = Turn(thread_time(), perf_counter())
        turns.append(Turn(now.work - before.work, now.wall - before.wall))
        before = now
    return Turn(max(turn.work for turn in turns), max(turn.wall for turn in turns))


@dataclass(frozen=True)
class Figures:
    """Seconds of each round in one format."""

    ours: list[float] = field(default_factory=list)
    library: list[float] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """How many times faster we are, by the medians."""
        return statistics.median(self.library) / statistics.median(self.ours)

    @property
    def good(self) -> bool:
        """Within the goals."""
        fast = statistics.median(self.ours) < GOAL_SECONDS and self.ratio >= GOAL_RATIO
        return fast and self.longest_work < GOAL_TURN

    @property
    def longest_work(self) -> float:
        """The longest turn of all rounds, in processor time."""
        return max(turn.work for turn in self.turns)


async def measure(page: Page, encoding: Encoding, rounds: int) -> Figures:
    """Render by both, in turns, after a change of every value."""
    figures = Figures()
    for _ in range(rounds):
        page.change()
        ready_made = ReadyMade(page.families)
        gc.collect()
        start = perf_counter()
        ours = await expose(page.families, encoding)
        figures.ours.append(perf_counter() - start)
        start = perf_counter()
        library = encoding.write(ready_made)
        figures.library.append(perf_counter() - start)
        assert ours == library, "the two pages differ"
        del ready_made, library
        figures.turns.append(await turn_of(page, encoding))
    return figures


async def turn_of(page: Page, encoding: Encoding) -> Turn:
    """The longest turn while a page is rendered and compressed."""
    stop = asyncio.Event()
    watch = asyncio.create_task(longest_turn(stop))
    await asyncio.sleep(0)
    await compress(await expose(page.families, encoding))
    stop.set()
    return await watch


def report(name: str, figures: Figures) -> None:
    """One line a format."""
    ours, library = statistics.median(figures.ours), statistics.median(figures.library)
    print(
        f"{name:12} ours {ours * 1e3:6.1f} ms   prometheus_client {library * 1e3:7.1f} ms"
        f"   ratio {figures.ratio:5.1f}   longest turn {figures.longest_work * 1e3:.1f} ms of work,"
        f" {max(turn.wall for turn in figures.turns) * 1e3:.1f} ms by the wall clock"
    )


def main() -> int:
    """Measure, print, and with `--assert` fail under the goals."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--assert", dest="strict", action="store_true")
    options = parser.parse_args()
    page = page_of(options.lines, random.Random(20250501))
    page.change()
    lines = sum(len(family.samples) for family in page.families)
    print(f"{lines} lines, every value changed before each of {options.rounds} rounds; medians:")
    good = True
    for name, encoding in ENCODINGS.items():
        figures = asyncio.run(measure(page, encoding, options.rounds))
        report(name, figures)
        good = good and figures.good
    return 0 if good or not options.strict else 1


if __name__ == "__main__":
    sys.exit(main())
