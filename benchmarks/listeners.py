"""Count millions of listeners of one day, each another, and watch the memory of the process.

    python benchmarks/listeners.py [--listeners 10000000] [--assert]

Every line is a download by somebody new, one in four over IPv6, in segments of 100,000 lines. They
go through the recorder into a durable PostgreSQL and into the families of `/metrics`, as in
`nearfield run`. The listeners are in the ledger; the process must not know how many there are.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

from benchmarks.fastly_log import AGENTS, Episode, episodes
from benchmarks.measure import START, Options, ledger_of, opened_recorder
from exporters.core.exposition import ignore_drops
from exporters.fastly.record import Recorder, StreamMetrics
from exporters.fastly.segment import Batch, Segment

SEGMENT, GOAL_PEAK, GOAL_GROWTH = 100_000, 600, 128
LINE = (
    '{"time":"%s","elapsed_us":250000,"method":"GET","host":"cdn.example.com","path":"%s",'
    '"status":"206","body_bytes":2000000,"range":"bytes=0-1999999","content_range":"bytes'
    ' 0-1999999/%d","user_agent":"Overcast/3.0 CFNetwork/1498.%d","client_ip":"%s","country":"DE",'
    '"continent":"EU","pop":"FRA","cache":"HIT-CLUSTER","protocol":"HTTP/2","inner":false,'
    '"shield":0,"rtt_us":20000,"retransmits":0}\n'
)


def address(number: int) -> str:
    """Return an address that no other number has."""
    high, low = number >> 16, number & 0xFFFF
    if number % 4 == 0:
        return f"2001:db8:{high:x}:{low:x}::1"
    return f"10.{high}.{low >> 8}.{low & 255}"


def write_segment(folder: Path, first: int, known: Sequence[Episode]) -> Segment:
    """Write the lines of as many listeners, from the number `first` on."""
    at = START.isoformat()
    path = folder / f"{uuid4().hex}.log"
    lines = []
    for number in range(first, first + SEGMENT):
        each = known[number % len(known)]
        lines.append(LINE % (at, each.path, each.size, number % AGENTS, address(number)))
    body = "".join(lines).encode()
    path.write_bytes(body)
    return Segment(path.stem, path, "https", "auto", (Batch(uuid4().hex, 0, len(body), SEGMENT),))


async def count(recorder: Recorder, folder: Path, listeners: int) -> list[float]:
    """Record all listeners; return megabytes of memory after each tenth of them."""
    metrics, known = StreamMetrics(("https",), ignore_drops), episodes()
    found: list[float] = []
    tenth = max(listeners // 10 // SEGMENT, 1) * SEGMENT
    began = time.perf_counter()
    for first in range(0, listeners, SEGMENT):
        segment = await asyncio.to_thread(write_segment, folder, first, known)
        metrics.add("https", await recorder.record(segment))
        segment.path.unlink()
        if (done := first + SEGMENT) % tenth == 0:
            found.append(megabytes("VmRSS"))
            rate = done / (time.perf_counter() - began)
            told = f"{done:>12,} listeners  {found[-1]:6,.0f} MB  {rate:>8,.0f} a second"
            print(told, flush=True)
    return found


def megabytes(what: str) -> float:
    """Return the memory of this process: `VmRSS` now, `VmHWM` at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    return int(status[what].split()[0]) / 1024


async def run(listeners: int) -> bool:
    """Print the figures; return whether the goals are met."""
    with tempfile.TemporaryDirectory(prefix="nearfield-benchmark-") as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            options = Options(listeners, SEGMENT, 1, None)
            database = await stack.enter_async_context(ledger_of(options, folder))
            recorder = await stack.enter_async_context(opened_recorder(database, folder))
            after = await count(recorder, folder, listeners)
            rows = await database.fetch(
                "SELECT sum(listeners)::bigint FROM nearfield.episode_days", deadline=600
            )
    growth, peak = max(after) - after[0], megabytes("VmHWM")
    print(f"listeners in the ledger {rows[0][0]:>12,}")
    print(f"memory at its peak      {peak:>12,.0f} MB, {growth:+,.0f} MB after the first tenth")
    return rows[0][0] == listeners and peak < GOAL_PEAK and growth < GOAL_GROWTH


def main() -> None:
    """Measure, and with `--assert` fail where memory grows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--listeners", type=int, default=10_000_000)
    parser.add_argument("--assert", dest="check", action="store_true", help="fail below the goals")
    options = parser.parse_args()
    met = asyncio.run(run(options.listeners))
    if options.check and not met:
        sys.exit("below the goals")


if __name__ == "__main__":
    main()
