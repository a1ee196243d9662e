"""Measure how fast segments reach the ledger, stage by stage and end to end, and how much memory.

    python benchmarks/measure.py [--lines 1000000] [--segment 100000] [--recorders 2] [--dsn DSN]

Without a DSN an embedded PostgreSQL runs in a folder of its own, fsync and all, on the same
processors. Lines are those of `fastly_log.py`, cut into segments of `--segment` lines; they are on
disk and in the page cache when the clock starts.
"""

import argparse
import asyncio
import os
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import cast
from uuid import uuid4

from pydantic import SecretStr

from benchmarks.fastly_log import Log, episodes
from exporters.core.database import Database
from exporters.core.definitions import parse
from exporters.core.exposition import ignore_drops
from exporters.embedded import EmbeddedServer
from exporters.fastly.counting import CountingSettings
from exporters.fastly.derived import CdnMetrics, Derived
from exporters.fastly.measure import Moment
from exporters.fastly.record.build import Bench, opened
from exporters.fastly.record.pieces import pieces
from exporters.fastly.record.recorder import Recorder
from exporters.fastly.segment import Batch, Segment
from exporters.fastly.settings import FastlySettings
from exporters.ledger import EpisodeFacts, Ledger, write_episodes
from exporters.ledger.model import Calendar

START = datetime(2026, 10, 9, 8, tzinfo=UTC)
NOW = START + timedelta(hours=2)


@dataclass(frozen=True)
class Options:
    """What is asked for."""

    lines: int
    segment: int
    recorders: int
    dsn: str | None


def write_segments(folder: Path, lines: int, size: int) -> list[Segment]:
    """Write the log as segments of `size` lines, in batches of 1000."""
    log = Log(START.timestamp(), 1.0).lines(lines)
    return [_segment(folder, log[at : at + size]) for at in range(0, lines, size)]


def _segment(folder: Path, lines: Sequence[bytes]) -> Segment:
    name = uuid4().hex
    path = folder / f"{name}.log"
    batches, offset = [], 0
    with path.open("wb") as out:
        for at in range(0, len(lines), 1000):
            block = b"".join(lines[at : at + 1000])
            out.write(block)
            batches.append(Batch(uuid4().hex, offset, len(block), len(lines[at : at + 1000])))
            offset += len(block)
    return Segment(name, path, "https", "auto", tuple(batches))


@asynccontextmanager
async def ledger_of(options: Options, folder: Path) -> AsyncIterator[Database]:
    """Give an empty ledger that knows the episodes."""
    async with AsyncExitStack() as stack:
        dsn = options.dsn
        if dsn is None:
            server = await stack.enter_async_context(EmbeddedServer(folder / "server"))
            await server.create_database()
            dsn = server.dsn()
        limit = 2 * options.recorders + 1
        database = Database("the ledger", SecretStr(dsn), limit=limit)
        await stack.enter_async_context(database)
        async with database.writing() as connection:
            await connection.execute("DROP SCHEMA IF EXISTS nearfield CASCADE")
        await Ledger(database).prepare()
        told = [
            EpisodeFacts(e.podcast, e.name, None, e.size, e.seconds, START - timedelta(days=n))
            for n, e in enumerate(episodes())
        ]
        await write_episodes(database, told, NOW)
        yield database


@asynccontextmanager
async def opened_recorder(
    database: Database, folder: Path, number: int = 0, own: CdnMetrics | None = None
) -> AsyncIterator[Recorder]:
    """Give a recorder with a folder of its own, for whom it is `NOW`; `own` are users' metrics."""
    data_dir = folder / f"data{number}"
    data_dir.mkdir()
    bench = Bench(FastlySettings(), CountingSettings(), data_dir, Ledger(database), own)
    recorder = bench.recorder(number)
    object.__setattr__(recorder, "now", lambda: NOW)
    async with opened(recorder.measurer):
        yield recorder


def examples() -> CdnMetrics:
    """Return the users' metrics that are shipped as examples."""
    metrics = CdnMetrics(ignore_drops)
    file = Path(__file__).parents[1] / "queries" / "cdn.yml"
    parsed = parse(file.name, file.read_text(), {"cdn": metrics})
    metrics.apply([cast("Derived", placed.definition) for placed in parsed.placed])
    return metrics


async def only_measure(recorder: Recorder, segments: Sequence[Segment]) -> None:
    """Measure segments and throw away what they come to."""
    calendar = Calendar(frozenset(), START.date())
    moment = Moment(NOW, calendar, NOW - timedelta(hours=6))
    form = recorder.formats("auto")
    for segment in segments:
        for piece in pieces(segment.path, segment.batches, recorder.piece, recorder.scratch):
            survey = recorder.measurer.survey(piece, form, moment, segment.lines)
            known = await recorder.ledger.know(survey.visits, survey.episodes, survey.shows, NOW)
            recorder.measurer.measure(known)


async def record(recorders: Sequence[Recorder], segments: Sequence[Segment]) -> None:
    """Record segments, each recorder the next one when it is free."""
    waiting = iter(segments)

    async def work(recorder: Recorder) -> None:
        for segment in waiting:
            await recorder.record(segment)

    async with asyncio.TaskGroup() as group:
        for recorder in recorders:
            group.create_task(work(recorder))


async def server_seconds(database: Database) -> float:
    """Return the processor time of the whole PostgreSQL server, where it runs on this machine."""
    rows = await database.fetch("SELECT pg_backend_pid()", deadline=10)
    return _family_seconds(rows[0][0])


def _family_seconds(child: int) -> float:
    """Return the processor time of a process's parent and of all children it has and had."""
    found = dict(_stats())
    parent = found[child][0] if child in found else 0
    ticks = sum(sum(stat[10:12]) for stat in found.values() if stat[0] == parent)
    return (ticks + sum(found.get(parent, [0] * 14)[10:14])) / os.sysconf("SC_CLK_TCK")


def _stats() -> Iterator[tuple[int, list[int]]]:
    """Yield each process with the numbers behind its state in /proc/PID/stat, its parent first."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            text = (entry / "stat").read_text()
            yield int(entry.name), [int(part) for part in text.rpartition(")")[2].split()[1:]]


def show(what: str, lines: int, wall: float, processor: float) -> None:
    """Print one figure."""
    print(
        f"{what:<34} {lines / wall:>10,.0f} lines/s   {wall:6.2f} s"
        f"   {processor / lines * 1e6:5.2f} us of this process a line"
    )


async def timed(what: str, lines: int, work: Callable[[], object]) -> None:
    """Run something and print how fast it was."""
    wall, processor = time.perf_counter(), time.process_time()
    await work()  # type: ignore[misc]
    show(what, lines, time.perf_counter() - wall, time.process_time() - processor)


async def run(options: Options) -> None:
    """Make the log, then measure it in two ways."""
    with tempfile.TemporaryDirectory(prefix="nearfield-benchmark-") as name:
        folder = Path(name)
        # In a process of its own, whose memory is not ours.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as maker:
            work = maker.submit(write_segments, folder, options.lines, options.segment)
            segments = await asyncio.wrap_future(work)
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(ledger_of(options, folder))
            recorders = [
                await stack.enter_async_context(opened_recorder(database, folder, number))
                for number in range(options.recorders)
            ]
            some = segments[: max(1, len(segments) // 4)]
            lines = sum(segment.lines for segment in some)
            await timed("measure only, one thread", lines, lambda: only_measure(recorders[0], some))
            more = opened_recorder(database, folder, options.recorders, examples())
            async with more as recorder:
                what = "the same, with queries/cdn.yml"
                await timed(what, lines, lambda: only_measure(recorder, some))
            server = await server_seconds(database)
            await timed(
                f"into the ledger, {options.recorders} recorders",
                options.lines,
                lambda: record(recorders, segments),
            )
            server = await server_seconds(database) - server
            print(f"{'PostgreSQL':<34} {server / options.lines * 1e6:5.2f} us a line")
            print(f"{'ledger':<34} {_counts(await _sums(database))}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'memory of this process, peak':<34} {peak:,.0f} MB")


async def _sums(database: Database) -> tuple[object, ...]:
    rows = await database.fetch(
        "SELECT sum(downloads), sum(requests), (SELECT count(*) FROM nearfield.listeners)"
        " FROM nearfield.hours",
        deadline=60,
    )
    return rows[0]


def _counts(row: tuple[object, ...]) -> str:
    downloads, requests, listeners = row
    return f"{downloads} downloads, {requests} requests, {listeners} listeners"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--segment", type=int, default=100_000)
    parser.add_argument("--recorders", type=int, default=2)
    parser.add_argument("--dsn")
    asked = parser.parse_args()
    asyncio.run(run(Options(asked.lines, asked.segment, asked.recorders, asked.dsn)))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
