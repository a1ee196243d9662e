"""Send the CDN's log to `nearfield run` as it is used, and watch the numbers come out of /metrics.

    python benchmarks/stream.py [--lines 1000000] [--mtail-lines 200000] [--seconds 60] [--assert]

HTTP, spool with its syncs, DuckDB, a durable PostgreSQL and the page, all on these processors, and
the sender too. First flat out: from the first batch to the last line in the ledger, beside mtail
(the Debian package) doing only counters on the same lines. Then 20,000 lines a second for a while,
gzipped, in batches of 5,000: how fast batches are answered, and how late `podcast_requests_total`
shows what was sent.
"""

import argparse
import asyncio
import gzip
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import aiohttp
from pydantic import SecretStr

from benchmarks.backfill import mtail
from benchmarks.fastly_log import Log, episodes
from benchmarks.measure import server_seconds
from exporters.core.database import Database
from exporters.embedded import EmbeddedServer
from exporters.ledger import EpisodeFacts, write_episodes

BATCH, RATE, TOKEN = 5_000, 20_000, "benchmark"
GOAL_LINES, GOAL_RATIO, GOAL_MEMORY, GOAL_ANSWER, GOAL_LAG = 150_000, 4.0, 600, 0.250, 5.0


@dataclass(frozen=True, slots=True)
class Batch:
    """A gzipped body, its lines, and how many of them ask for audio."""

    body: bytes
    lines: int
    audio: int


@dataclass(frozen=True, slots=True)
class Paced:
    """What a time of 20,000 lines a second came to: seconds each."""

    answers: Sequence[float]
    lags: Sequence[float]


class Nearfield:
    """A `nearfield run` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.page, self.receiver = _free_port(), _free_port()
        self._folder = folder

    async def __aenter__(self) -> Self:
        (self._folder / "token").write_text(TOKEN)
        (self._folder / "n.toml").write_text(
            f'data_dir = "data"\n[web]\nlisten = "127.0.0.1:{self.page}"\n[fastly]\n'
            f'listen = "127.0.0.1:{self.receiver}"\ntoken_file = "token"\nservice_ids = ["*"]\n'
        )
        command = [sys.executable, "-m", "exporters", "run", "--config", "n.toml"]
        environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220
                command, cwd=self._folder, stdout=log, stderr=log, env=environ
            )
        self._http = aiohttp.ClientSession()
        while not await self.ready():  # noqa: ASYNC110 - a page has no events
            await asyncio.sleep(0.2)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()
        self._process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(self._process.wait)

    async def ready(self) -> bool:
        """Whether it says so."""
        with suppress(aiohttp.ClientError):
            async with self._http.get(f"http://127.0.0.1:{self.page}/readyz") as answer:
                return answer.status == 200
        return False

    async def post(self, body: bytes) -> float:
        """Send a batch; return the seconds that its answer took."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Encoding": "gzip"}
        began = time.perf_counter()
        url = f"http://127.0.0.1:{self.receiver}/ingest/fastly"
        async with self._http.post(url, data=body, headers=headers) as answer:
            if answer.status != 200:
                raise RuntimeError(f"a batch was answered {answer.status}")
            await answer.read()
        return time.perf_counter() - began

    def spooled(self) -> bool:
        """Whether lines wait in the spool: to ask the page again and again costs processor time."""
        return any((self._folder / "data" / "spool").glob("*.log"))

    async def total(self, family: str, exporter: str) -> float:
        """Return the sum of a family on the page, of which only this exporter's part is asked."""
        url = f"http://127.0.0.1:{self.page}/metrics"
        async with self._http.get(url, params={"collect[]": exporter}) as answer:
            page = await answer.text()
        return sum(map(float, re.findall(rf"^{family}(?:{{.*}})? (\S+)$", page, re.MULTILINE)))

    async def processor(self, database: Database) -> float:
        """Return the seconds of processor that it and its PostgreSQL have taken."""
        status = Path(f"/proc/{self._process.pid}/stat")
        stat = status.read_text().rpartition(")")[2].split()  # noqa: ASYNC240 - it is memory
        own = sum(map(int, stat[11:13])) / os.sysconf("SC_CLK_TCK")
        return own + await server_seconds(database)

    def megabytes(self) -> float:
        """Return the memory that the process held at most."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def make_batches(count: int, minutes: float) -> list[Batch]:
    """Return batches of lines of the minutes that end now."""
    log = Log(time.time() - minutes * 60, minutes / 60)
    batches = []
    for _ in range(count // BATCH):
        lines = log.lines(BATCH)
        audio = sum(b'"/uploads/' in line for line in lines)
        batches.append(Batch(gzip.compress(b"".join(lines), 1), len(lines), audio))
    return batches


async def flat_out(running: Nearfield, batches: Sequence[Batch]) -> float:
    """Send as fast as answers come; return lines a second from the first batch to the ledger."""
    waiting = list(batches)

    async def send() -> None:
        while waiting:
            await running.post(waiting.pop().body)

    wanted = sum(batch.lines for batch in batches)
    before, began = await running.total("cdn_log_lines_total", "fastly"), time.perf_counter()
    await asyncio.gather(*(send() for _ in range(4)))
    stored = time.perf_counter() - began
    shown = before
    while running.spooled() or shown - before < wanted:
        await asyncio.sleep(0.02)
        if not running.spooled():
            shown = await running.total("cdn_log_lines_total", "fastly")
    took = time.perf_counter() - began
    print(f"  all batches answered   {wanted / stored:>10,.0f} lines/s")
    return wanted / took


async def paced(running: Nearfield, batches: Sequence[Batch]) -> Paced:
    """Send `RATE` lines a second whatever the answers, and watch the page all the while."""
    before, began = await running.total("podcast_requests_total", "downloads"), time.perf_counter()
    sums, sent = 0.0, []
    for number, batch in enumerate(batches):
        sums += batch.audio
        sent.append((began + number * BATCH / RATE, before + sums))
    lags: list[float] = []

    async def watch() -> None:
        shown = before
        while shown < before + sums:
            shown, now = (
                await running.total("podcast_requests_total", "downloads"),
                time.perf_counter(),
            )
            missing = [at for at, total in sent if total > shown and at < now]
            lags.append(now - missing[0] if missing else 0.0)
            await asyncio.sleep(0.25)

    async def send(at: float, body: bytes) -> float:
        await asyncio.sleep(at - time.perf_counter())
        return await running.post(body)

    watching = asyncio.create_task(watch())
    tasks = [
        asyncio.create_task(send(at, batch.body))
        for (at, _), batch in zip(sent, batches, strict=True)
    ]
    answers = await asyncio.gather(*tasks)
    await watching
    return Paced(sorted(answers), sorted(lags))


async def run(options: argparse.Namespace, folder: Path) -> bool:
    """Print every figure; return whether the goals are met."""
    batches = make_batches(options.lines, 30)
    async with Nearfield(folder) as running:
        dsn = SecretStr(EmbeddedServer(folder / "data").dsn())
        async with Database("the ledger", dsn) as database:
            await tell(database)
            await flat_out(running, make_batches(20_000, 30))  # warm
            before = await running.processor(database)
            rate = await flat_out(running, batches)
            spent = (await running.processor(database) - before) / options.lines
        print(f"stream, end to end       {rate:>10,.0f} lines/s")
        print(f"  with PostgreSQL        {spent * 1e6:>10.2f} us of processor a line")
        ratio = beside_mtail(folder, batches[: options.mtail_lines // BATCH], rate, spent)
        outcome = await paced(running, make_batches(int(options.seconds * RATE), 1))
        memory = running.megabytes()
    answer, lag = _at(outcome.answers, 0.99), outcome.lags[-1]
    half = _at(outcome.answers, 0.5)
    print(f"at {RATE:,} lines a second:")
    print(f"  answers                p50 {half * 1e3:.0f} ms, p99 {answer * 1e3:.0f} ms")
    print(f"  lag on /metrics        p50 {_at(outcome.lags, 0.5):.1f} s, at most {lag:.1f} s")
    print(f"memory at its peak       {memory:>10,.0f} MB")
    fast = rate >= GOAL_LINES and (not ratio or ratio >= GOAL_RATIO)
    return fast and memory < GOAL_MEMORY and answer < GOAL_ANSWER and lag < GOAL_LAG


async def tell(database: Database) -> None:
    """Tell the ledger of the log's episodes."""
    facts = [
        EpisodeFacts(each.podcast, each.name, None, each.size, each.seconds) for each in episodes()
    ]
    await write_episodes(database, facts, datetime.now(UTC))


def beside_mtail(folder: Path, batches: Sequence[Batch], rate: float, spent: float) -> float:
    """Print what mtail does with some of the lines; return the ratio, 0 where it is not there."""
    log = folder / "mtail.log"
    log.write_bytes(b"".join(gzip.decompress(batch.body) for batch in batches))
    theirs = mtail(folder, log)
    log.unlink()
    if not theirs:
        print("mtail                    is not installed")
        return 0.0
    lines = sum(batch.lines for batch in batches)
    their_rate = lines / theirs.wall
    cheaper = theirs.processor / lines / spent
    print(f"mtail, counters alone    {their_rate:>10,.0f} lines/s")
    print(f"stream / mtail           {rate / their_rate:>10.1f}   {cheaper:.1f} by processor time")
    return rate / their_rate


def _at(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """Measure, and with `--assert` fail below the goals."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--mtail-lines", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--assert", dest="check", action="store_true", help="fail below the goals")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nearfield-benchmark-") as folder:
        met = asyncio.run(run(options, Path(folder)))
    if options.check and not met:
        sys.exit("slower than the goals")


if __name__ == "__main__":
    main()
