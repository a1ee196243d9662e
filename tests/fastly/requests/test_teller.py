"""From what was measured to Loki's sink."""

import asyncio
from collections.abc import Sequence

from exporters.fastly.requests import RequestLine, Teller, Told
from exporters.loki import Entry, LokiMetrics, Stream
from exporters.loki.model import NOWHERE, Cursors


class Stuck:
    """A sink without room, until it is let go."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.room = asyncio.Event()

    async def put(self, entries: Sequence[Entry], cursors: Cursors = NOWHERE) -> None:
        assert cursors == NOWHERE
        await self.room.wait()
        self.entries += entries

    append = put


def told(count: int, left_out: int = 0) -> Told:
    return Told([RequestLine(n, f"GET /{n}", (("status", "404"),)) for n in range(count)], left_out)


async def test_lines_reach_the_sink_as_those_of_the_cdn() -> None:
    sink, metrics = Stuck(), LokiMetrics()
    sink.room.set()
    teller = Teller(sink, metrics, "machine")
    async with teller.handover:
        teller.tell(told(1, left_out=3))
    stream = Stream("cdn", "", "machine", "request")
    assert sink.entries == [Entry(stream, 0, "GET /0", (("status", "404"),))]
    assert metrics.dropped.value(("requests_limit",)) == 3
    assert metrics.dropped.value(("requests_full",)) == 0


async def test_who_counts_never_waits_and_what_is_over_the_bound_is_counted() -> None:
    sink, metrics = Stuck(), LokiMetrics()
    teller = Teller(sink, metrics, "machine")
    running = asyncio.create_task(teller.handover.run())
    for _ in range(25):
        teller.tell(told(1000))
        await asyncio.sleep(0)
    assert metrics.dropped.value(("requests_full",)) == 5000
    sink.room.set()
    async with asyncio.timeout(10):
        while len(sink.entries) < 20_000:
            await asyncio.sleep(0.01)
    running.cancel()
