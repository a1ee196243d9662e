import asyncio
from collections.abc import Sequence

from exporters.loki import Entry, Stream
from exporters.loki.lines import Lines
from exporters.loki.metrics import LokiMetrics
from exporters.loki.model import NOWHERE, Cursors


class Paper:
    """A sink that keeps what it is given, as soon as its `door` is open."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.door = asyncio.Event()

    async def append(self, entries: Sequence[Entry], cursors: Cursors = NOWHERE) -> None:
        assert cursors == NOWHERE
        await self.door.wait()
        self.entries += entries

    put = append


def lines(paper: Paper, metrics: LokiMetrics) -> Lines:
    return Lines(paper, metrics, "machine", clock=lambda: 7)


async def test_a_line_reaches_the_sink_with_the_labels_of_its_service() -> None:
    paper, metrics = Paper(), LokiMetrics()
    paper.door.set()
    ours = lines(paper, metrics)
    running = asyncio.create_task(ours.handover.run())
    ours.accept("web", "shop", "deployed", {"version": "1.2"})
    while not paper.entries:
        await asyncio.sleep(0)
    running.cancel()
    stream = Stream("web", "shop", "machine", "event")
    assert paper.entries == [Entry(stream, 7, "deployed", (("version", "1.2"),))]


async def test_what_is_said_last_of_all_is_handed_over_at_the_end() -> None:
    paper, metrics = Paper(), LokiMetrics()
    paper.door.set()
    ours = lines(paper, metrics)
    async with ours.handover:
        ours.accept("web", "", "stopped", {})
    assert [entry.line for entry in paper.entries] == ["stopped"]


async def test_a_line_over_the_bound_is_dropped_and_counted() -> None:
    paper, metrics = Paper(), LokiMetrics()
    ours = lines(paper, metrics)
    for number in range(1003):
        ours.accept("web", "", str(number), {})
    assert metrics.dropped.value(("events_full",)) == 3


async def test_a_sink_that_takes_nothing_delays_the_end_by_no_more_than_a_second() -> None:
    paper, metrics = Paper(), LokiMetrics()
    ours = lines(paper, metrics)
    async with asyncio.timeout(5), ours.handover:
        ours.accept("web", "", "lost", {})
    assert metrics.dropped.value(("events_full",)) == 1
