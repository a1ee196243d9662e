"""Backfill an archived log end to end, beside mtail counting the same lines.

    python benchmarks/backfill.py [--lines 1000000] [--mtail-lines 200000] [--gzip] [--assert]

The log is that of `fastly_log.py`; PostgreSQL runs under a folder of its own, fsync and all, on the
same processors. The backfill is a process of its own, timed from its first to its last moment;
what a backfill of nothing takes is told beside it, and left out of the rate. mtail (the Debian
package) does no more than count: it keeps no listeners and loses its counters with its process.
"""

import argparse
import asyncio
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from pydantic import SecretStr

from benchmarks.fastly_log import episodes, write
from benchmarks.measure import server_seconds
from exporters.core.database import Database
from exporters.embedded import EmbeddedServer

START = datetime(2026, 10, 9, 8, tzinfo=UTC)
GOAL_LINES, GOAL_RATIO, GOAL_MEMORY = 150_000, 4.0, 600

PROGRAM = r"""
counter cdn_requests_total by host, pop, status, cache
counter cdn_response_bytes_total by host, pop, cache
counter cdn_country_requests_total by host, country
counter podcast_requests_total by podcast, episode

/"host":"(?P<host>[^"]*)".*"country":"(?P<country>[^"]*)".*"pop":"(?P<pop>[^"]*)",/ +
/"cache":"(?P<cache>[^"]*)".*"path":"(?P<path>[^"]*)","status":"(?P<status>\d+)",/ +
/"body_bytes":(?P<bytes>\d+)/ {
  cdn_requests_total[$host][$pop][$status][$cache]++
  cdn_response_bytes_total[$host][$pop][$cache] += $bytes
  cdn_country_requests_total[$host][$country]++
  /"path":"\/uploads\/(?P<podcast>[^\/]+)\/(?P<episode>[^\/]+)\// {
    podcast_requests_total[$podcast][$episode]++
  }
}
"""


@dataclass(frozen=True)
class Ran:
    """What a process took. Seconds, and megabytes at its peak."""

    wall: float
    processor: float
    memory: float


def timed(command: Sequence[str]) -> Ran:
    """Run a command to its end."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    taken = time.perf_counter() - began
    return Ran(taken, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def backfill(folder: Path, log: Path) -> Ran:
    """Backfill a log into the ledger of a folder."""
    known = ["--episodes", str(folder / "episodes.csv"), "--data-dir", str(folder / "data")]
    return timed([sys.executable, "-m", "exporters", "backfill", str(log), *known])


def mtail(folder: Path, log: Path) -> Ran | None:
    """Count a log with mtail; None where it is not installed."""
    program = shutil.which("mtail")
    if not program:
        return None
    (folder / "programs").mkdir()
    (folder / "programs" / "cdn.mtail").write_text(PROGRAM)
    where = ["--progs", str(folder / "programs"), "--logs", str(log), "--log_dir", str(folder)]
    return timed([program, "--one_shot", "--one_shot_format=prometheus", *where])


def make_log(folder: Path, lines: int, *, packed: bool) -> Path:
    """Write the log, and what is known of its episodes."""
    log = folder / "cdn.log"
    write(log, lines, 1.0, START.timestamp())
    with (folder / "episodes.csv").open("w") as out:
        out.write("podcast,episode,audio_bytes,duration_seconds,published_at\n")
        for n, each in enumerate(episodes()):
            published = (START - timedelta(days=n)).isoformat()
            out.write(f"{each.podcast},{each.name},{each.size},{each.seconds},{published}\n")
    if not packed:
        return log
    with log.open("rb") as plain, gzip.open(folder / "cdn.log.gz", "wb", 6) as out:
        shutil.copyfileobj(plain, out, 1 << 20)
    return folder / "cdn.log.gz"


def head(log: Path, lines: int) -> Path:
    """Return a file with the first lines of a log."""
    part = log.with_name("part.log")
    with log.open("rb") as whole, part.open("wb") as out:
        out.writelines(islice(whole, lines))
    return part


async def run(lines: int, mtail_lines: int, *, packed: bool) -> tuple[float, float, float]:
    """Print the figures; return lines a second, times mtail's (0: it is not there), megabytes."""
    with tempfile.TemporaryDirectory(prefix="nearfield-benchmark-") as name:
        folder = Path(name)
        # In a process of its own: the memory of a parent is taken for that of its children.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as maker:
            log = maker.submit(make_log, folder, lines, packed=packed).result()
        nothing = folder / "nothing.log"
        nothing.touch()
        async with EmbeddedServer(folder / "data") as server:
            await server.create_database()
            async with Database("the ledger", SecretStr(server.dsn())) as database:
                backfill(folder, nothing)  # which makes the schema
                start = backfill(folder, nothing)
                before = await server_seconds(database)
                ours = backfill(folder, log)
                postgres = await server_seconds(database) - before
        theirs = mtail(folder, head(folder / "cdn.log", mtail_lines))
    rate = lines / (ours.wall - start.wall)
    print(f"backfill                 {rate:>10,.0f} lines/s   {ours.wall:6.2f} s in all")
    print(f"  a backfill of nothing  {start.wall:>35.2f} s")
    ours_each = (ours.processor - start.processor) / lines * 1e6
    print(f"  its process            {ours_each:10.2f} us a line")
    print(f"  PostgreSQL             {postgres / lines * 1e6:10.2f} us a line")
    print(f"  memory at its peak     {ours.memory:10,.0f} MB")
    if not theirs:
        print("mtail                    is not installed")
        return rate, 0.0, ours.memory
    their_rate = mtail_lines / theirs.wall
    print(f"mtail, counters alone    {their_rate:>10,.0f} lines/s   {theirs.wall:6.2f} s")
    print(f"  its process            {theirs.processor / mtail_lines * 1e6:10.2f} us a line")
    # On a machine with other work to do, time on the wall says little of either.
    each = ours_each + postgres / lines * 1e6
    cheaper = theirs.processor / mtail_lines * 1e6 / each
    print(f"backfill / mtail         {rate / their_rate:>10.1f}   {cheaper:6.1f} by processor time")
    return rate, rate / their_rate, ours.memory


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--mtail-lines", type=int, default=200_000)
    parser.add_argument("--gzip", action="store_true", help="backfill the log compressed")
    parser.add_argument("--assert", dest="check", action="store_true", help="fail below the goals")
    asked = parser.parse_args()
    rate, ratio, memory = asyncio.run(run(asked.lines, asked.mtail_lines, packed=asked.gzip))
    if asked.check and not (
        rate >= GOAL_LINES and (not ratio or ratio >= GOAL_RATIO) and memory < GOAL_MEMORY
    ):
        raise SystemExit("below the goals")


if __name__ == "__main__":
    main()
