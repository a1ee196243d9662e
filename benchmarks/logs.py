"""Ship container logs from Docker's stream format to Loki: lines for each second of CPU time.

    python benchmarks/logs.py [--lines 300000] [--assert]

Lines have 200 bytes, a tenth of them on standard error, and are parsed for level and request id:
logfmt and JSON. `bare` is that alone; `full` is what the defaults do, with redaction, multi-line
joining, and a look at each line for exceptions. Counted is the CPU time of this process, all
threads: cutting frames, joining, masking, parsing, counting, encoding, the queue on disk with its
syncs, pushing. The bytes of the engine are there beforehand, in reads of 64 KiB; `engine` reads
them from another process over HTTP, as Docker sends them. The stand-in for Loki runs in a process
of its own; to measure memory it is away for a minute. The best of three rounds counts, since what
else the machine does slows the others.
"""

import argparse
import asyncio
import gc
import multiprocessing
import re
import struct
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from time import gmtime, perf_counter, process_time, strftime, time_ns
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).parents[1]))

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from benchmarks.loki_sink import ROUNDS, peer, serving
from exporters.core.collection import RareCollection
from exporters.core.database import Database
from exporters.core.exposition import ignore_drops
from exporters.core.telemetry import Telemetry
from exporters.docker import DockerClient, DockerSettings
from exporters.logs import LogsSettings, Works
from exporters.logs.convoy import Convoy
from exporters.logs.derived import LogMetrics
from exporters.logs.editing import Drops, Editor, Origin
from exporters.logs.exceptions import Exceptions
from exporters.logs.follower import Follower, Means
from exporters.logs.metrics import LogsMetrics
from exporters.logs.model import Reader
from exporters.logs.redaction import Redactor
from exporters.loki import Loki, build

BARE, FULL = 100_000, 50_000
MEMORY = 200
AWAY = 60.0
READ = 64 * 1024
SIZE = 200
PEER_LINES = 1_000
_NOWHERE = Database("the ledger", SecretStr(""))
"""Exceptions are looked for; that they are written elsewhere is no work of the lines'."""
_PLAIN: dict[str, Any] = {"multiline": False, "redact": ()}


def logfmt(n: int) -> str:
    """Return a line as Go and Ruby services write it."""
    text = f"level=info method=GET path=/news/{n * 7919} status=200 duration={n}us "
    more = f'msg="Sent 200 in {n}ms" request_id={n * 2654435761 % 2**64:016x} '
    return f"{text}{more}agent=Overcast region=eu-west-1 queue=default".ljust(SIZE, "-")[:SIZE]


def structured(n: int) -> str:
    """Return a line as Elixir's and Node's JSON loggers write it."""
    text = f'{{"time":"12:00:00.{n % 1000:03d}","level":"info","path":"/news/{n * 7919}",'
    more = f'"status":200,"request_id":"{n * 2654435761 % 2**64:016x}","msg":"Sent 200 in {n}ms '
    return f"{text}{more}to a podcast app".ljust(SIZE - 2, "-") + '"}'


SHAPES = {"logfmt": logfmt, "json": structured}


def frames(shape: str, count: int) -> list[bytes]:
    """Return what the engine sends for so many lines, a frame each."""
    now, made = time_ns() - count * 1000, []
    for n in range(count):
        second, rest = divmod(now + n * 1000, 10**9)
        stamp = f"{strftime('%Y-%m-%dT%H:%M:%S', gmtime(second))}.{rest:09d}Z "
        payload = f"{stamp}{SHAPES[shape](n)}\n".encode()
        made.append(struct.pack(">BxxxI", 2 if n % 10 == 0 else 1, len(payload)) + payload)
    return made


class Bytes:
    """An engine whose answer is in memory."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @asynccontextmanager
    async def stream(self, *_: object) -> AsyncIterator["Bytes"]:
        """Give the answer once."""
        yield self

    async def readany(self) -> bytes:
        """Return the next part, as the network would bring it."""
        await asyncio.sleep(0)
        part = self._data[self._at : self._at + READ]
        self._at += len(part)
        return part


def engine(port: Connection, shape: str, count: int, path: str) -> None:
    """Serve the log over HTTP until killed."""
    body = b"".join(frames(shape, count))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _request(reader):
            writer.write(b"HTTP/1.0 200 OK\r\nApi-Version: 1.47\r\n\r\n")
            for at in range(0, 0 if b"/_ping" in head else len(body), READ):
                writer.write(body[at : at + READ])
                await writer.drain()
            writer.close()

    async def serve() -> None:
        await asyncio.start_unix_server(answer, path)
        port.send(True)
        await asyncio.Event().wait()

    asyncio.run(serve())


async def _request(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


@contextmanager
def answering(shape: str, count: int) -> Iterator[str]:
    """Give the address of such an engine."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/docker.sock"
        ours, theirs = multiprocessing.Pipe()
        arguments = (theirs, shape, count, path)
        process = multiprocessing.get_context("spawn").Process(target=engine, args=arguments)
        process.start()
        try:
            ours.recv()
            yield f"unix://{path}"
        finally:
            process.kill()
            process.join()


def follower(client: object, loki: Loki, settings: LogsSettings) -> Follower:
    """Return what follows one container, as the exporter makes it."""
    metrics, telemetry = LogsMetrics(), Telemetry(CollectorRegistry(), "0")
    readers: list[Reader] = []
    if settings.multiline:
        readers = [Exceptions(_NOWHERE, telemetry), LogMetrics(ignore_drops)]
    redactor = Redactor(settings.redact, settings.redact_patterns)
    drops = Drops(metrics, loki.metrics.dropped)
    editor = Editor("web1", redactor, metrics, drops, readers)
    work = Works(settings, editor).of(Origin("site-app-1", "app", "site", "1.4"))
    docker = cast("DockerClient", client)
    means = Means(docker, loki.sink, Convoy(), telemetry, metrics.followed, readers)
    return Follower("0123456789ab", work, None, means)


async def ship(url: str, client: object, chosen: dict[str, Any], count: int) -> tuple[float, float]:
    """Return seconds of CPU and of the clock until the stand-in has answered for every line."""
    with tempfile.TemporaryDirectory() as folder:
        settings = LogsSettings.model_validate({"loki_url": url, **chosen})
        loki = build(settings, Path(folder), "bench")
        assert loki
        async with AsyncExitStack() as stack:
            for opened in loki.exporter.resources:
                await stack.enter_async_context(opened)
            await stack.enter_async_context(RareCollection())
            if isinstance(client, DockerClient):
                await stack.enter_async_context(client)
            cpu, clock = process_time(), perf_counter()
            task = asyncio.create_task(follower(client, loki, settings).run())
            while (loki.metrics.sent.value(()) or 0) < count:
                await asyncio.sleep(0.005)
                assert not task.done() or not task.exception()
            used = process_time() - cpu, perf_counter() - clock
            task.cancel()
            await asyncio.wait([task])
            return used


def show(name: str, count: int, cpu: float, clock: float) -> float:
    """Print a result; return the lines for each second of CPU."""
    each = cpu / count * 1e6
    rates = f"{count / cpu:10,.0f} lines/s of CPU {count / clock:10,.0f} lines/s"
    print(f"{name:16} {rates} {each:6.2f} µs a line")
    return count / cpu


def measure(url: str, count: int) -> dict[str, float]:
    """Print and return the lines for each second of CPU of every way."""
    found = {}
    for shape in SHAPES:
        data = b"".join(frames(shape, count))
        gc.freeze()  # what is made beforehand is no work of the follower's
        for name, chosen in ((f"{shape} bare", _PLAIN), (f"{shape} full", {})):
            rounds = (asyncio.run(ship(url, Bytes(data), chosen, count)) for _ in range(ROUNDS))
            found[name] = show(name, count, *min(rounds))
    with answering("logfmt", count) as host:
        settings = DockerSettings(host=host)
        for name, chosen in (("engine bare", _PLAIN), ("engine full", {})):
            rounds = (
                asyncio.run(ship(url, DockerClient(settings, chunked=False), chosen, count))
                for _ in range(ROUNDS)
            )
            found[name] = show(name, count, *min(rounds))
    return found


def memory_away(seconds: float) -> float:
    """Return the megabytes that a process has at most while lines come and Loki does not."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_memory_away, (seconds,))


def _memory_away(seconds: float) -> float:
    asyncio.run(away(seconds))
    # Not ru_maxrss, which begins at what the parent had.
    [peak] = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(peak) / 1024


async def away(seconds: float) -> None:
    """Ship lines while there is no Loki."""
    count, pause, rate = 20_000, 0.5, 20_000
    parts = [b"".join(frames("logfmt", count)) for _ in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        settings = LogsSettings.model_validate({"loki_url": "http://127.0.0.1:9"})
        loki = build(settings, Path(folder), "bench")
        assert loki
        async with AsyncExitStack() as stack:
            for opened in loki.exporter.resources:
                await stack.enter_async_context(opened)
            begun, shipped = perf_counter(), 0
            while perf_counter() - begun < seconds:
                task = asyncio.create_task(
                    follower(Bytes(parts[shipped % 2]), loki, settings).run()
                )
                shipped += 1
                await asyncio.sleep(max(pause, begun + shipped * count / rate - perf_counter()))
                task.cancel()
                await asyncio.wait([task])
            print(f"{'away':16} {shipped * count / seconds:10,.0f} lines/s for {seconds:g} s")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and with --assert fail below the goals."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=300_000)
    parser.add_argument("--away", type=float, default=AWAY, help="seconds without Loki")
    parser.add_argument("--assert", action="store_true", dest="fail")
    asked = parser.parse_args(arguments)
    with serving() as url:
        found = measure(url, asked.lines)
        peak = memory_away(asked.away)
        print(f"{'memory':16} {peak:10,.0f} MB at most while Loki is away")
        each = min(peer(url, PEER_LINES) for _ in range(ROUNDS)) / PEER_LINES
    print(f"{'peer':16} {1 / each:10,.0f} lines/s of CPU  (python-logging-loki 0.3.1)")
    print(f"{'ratio':16} {found['logfmt bare'] * each:10,.0f} times fewer CPU seconds a line")
    good = all(rate > (BARE if name.endswith("bare") else FULL) for name, rate in found.items())
    return 0 if (good and peak < MEMORY) or not asked.fail else 1


if __name__ == "__main__":
    sys.exit(main())
