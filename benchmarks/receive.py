"""Send batches to a real receiver: how many lines a second it makes safe, and how fast it answers.

    python benchmarks/receive.py [--lines 500000] [--seconds 20] [--folder DIR] [--assert]

The receiver runs in a process of its own, over HTTP, with uvloop, its spool on the disk of
--folder, and a reader that releases each segment unread. `processor` is what the receiver itself
took for it, since the sender shares its machine. Then 20,000 lines a second are sent for a while in
batches of 5,000 lines, as the CDN would, and answers are timed from the first byte sent.
"""

import argparse
import asyncio
import gzip
import os
import resource
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time, time

import uvloop
from prometheus_client import CollectorRegistry

from benchmarks.fastly_log import LINE, Log
from exporters.core.telemetry import Telemetry
from exporters.fastly.receive import INGEST, ReceiverListener
from exporters.fastly.receive.intake import Intake, build_intake
from exporters.fastly.settings import FastlySettings

BATCH = 5_000
TOKEN = "benchmark"  # noqa: S105
RATE = 20_000
GOAL_LINES = 150_000
GOAL_ANSWER = 0.250

Encode = Callable[[bytes, bytes], bytes]
"""From a line that makes a batch different from all others, and the rest of it, to a body."""


def plain(first: bytes, rest: bytes) -> bytes:
    """NDJSON as it is."""
    return first + rest


def array(first: bytes, rest: bytes) -> bytes:
    """One JSON array."""
    return b"[" + (first + rest).strip().replace(b"\n", b",") + b"]"


_COMPRESSED: dict[bytes, bytes] = {}


def compressed(first: bytes, rest: bytes) -> bytes:
    """Gzip, of which all but the first line is compressed once: the sender is not measured."""
    if rest not in _COMPRESSED:
        _COMPRESSED[rest] = gzip.compress(rest, 3)
    return gzip.compress(first, 3) + _COMPRESSED[rest]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run came to."""

    lines: int
    seconds: float
    processor: float
    answers: list[float]

    def __str__(self) -> str:
        inflated = self.lines * LINE / 1e6
        return (
            f"{self.lines / self.seconds:>9,.0f} lines/s {inflated / self.seconds:>6.0f} MB/s"
            f"   processor {inflated / self.processor:>5.0f} MB/s a core"
            f"   answers p50 {self.at(0.5):.0f} p90 {self.at(0.9):.0f} p99 {self.at(0.99):.0f} ms"
        )

    def at(self, share: float) -> float:
        """The answer time in milliseconds below which this share of the batches is."""
        answers = sorted(self.answers)
        return answers[min(len(answers) - 1, int(share * len(answers)))] * 1e3


class Sender:
    """Sends batches to a receiver over connections that are kept."""

    def __init__(self, server: "Server", lines: list[bytes]) -> None:
        self._server = server
        self._rest = b"".join(lines)
        self._batch = len(lines) + 1
        self._number = 0

    def _body(self, encode: Encode) -> bytes:
        self._number += 1
        first = b'{"batch":"%d-%d"' % (os.getpid(), self._number)
        return encode(first + b" " * (LINE - 2 - len(first)) + b"}\n", self._rest)

    async def flat_out(self, batches: int, encode: Encode, connections: int = 4) -> Outcome:
        """Send as fast as answers come."""
        bodies = [self._body(encode) for _ in range(batches)]
        answers: list[float] = []

        async def send() -> None:
            async with self._connection() as post:
                while bodies:
                    answers.append(await post(bodies.pop()))

        before, began = await self._server.processor(), perf_counter()
        await asyncio.gather(*(send() for _ in range(connections)))
        took = perf_counter() - began
        processor = await self._server.processor() - before
        return Outcome(batches * self._batch, took, processor, answers)

    async def paced(self, seconds: float, encode: Encode) -> Outcome:
        """Send `RATE` lines a second, whatever the answers."""
        batches = int(seconds * RATE / self._batch)
        answers: list[float] = []

        async def send(at: float, body: bytes) -> None:
            await asyncio.sleep(at - perf_counter())
            async with self._connection() as post:
                answers.append(await post(body))

        before, began = await self._server.processor(), perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(batches):
                at = began + number * self._batch / RATE
                group.create_task(send(at, self._body(encode)))
                await asyncio.sleep(max(0.0, at - 1 - perf_counter()))
        took = perf_counter() - began
        processor = await self._server.processor() - before
        return Outcome(batches * self._batch, took, processor, answers)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Callable[[bytes], Awaitable[float]]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)

        async def post(body: bytes) -> float:
            began = perf_counter()
            head = f"POST {INGEST} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
            writer.write(body)
            await writer.drain()
            status = await reader.readline()
            if b"200" not in status:
                raise RuntimeError(status.decode())
            await reader.readuntil(b"stored\n")
            return perf_counter() - began

        try:
            yield post
        finally:
            writer.close()


@dataclass(frozen=True, slots=True)
class Server:
    """A receiver in another process."""

    port: int
    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, folder: Path) -> "Server":
        """Start one with its spool in `folder`."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            __file__,
            "--serve",
            str(folder),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return cls(int(await _line_of(process)), process)

    async def processor(self) -> float:
        """Return the seconds of processor that it has taken."""
        return float((await self._ask()).split()[0])

    async def memory(self) -> float:
        """Return the bytes of memory that it has held at most."""
        return float((await self._ask()).split()[1])

    async def _ask(self) -> bytes:
        assert self.process.stdin
        self.process.stdin.write(b"\n")
        return await _line_of(self.process)

    async def stop(self) -> None:
        """Stop it."""
        assert self.process.stdin
        self.process.stdin.close()
        await self.process.wait()


async def _line_of(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout
    return await process.stdout.readline()


async def serve(folder: Path) -> None:
    """Print the port, and what we have taken for each line that the parent sends, until it ends."""
    given = {"listen": "127.0.0.1:0", "token": TOKEN, "segment_age": "500ms"}
    intake = build_intake(
        FastlySettings.model_validate(given), folder, [], Telemetry(CollectorRegistry(), "")
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(intake.spool)
        tasks = [asyncio.create_task(service.run()) for service in intake.services]
        tasks.append(asyncio.create_task(release(intake)))
        for listener in intake.listeners:
            await stack.enter_async_context(listener)
            if isinstance(listener, ReceiverListener):
                print(listener.address.port, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            print(process_time(), memory, flush=True)
        for task in tasks:
            task.cancel()


async def release(intake: Intake) -> None:
    """Read nothing, release everything."""
    while True:
        for segment in await intake.spool.oldest(10):
            await intake.spool.release(segment)


async def measure(options: argparse.Namespace, folder: Path) -> bool:
    """Print every figure; return whether the goals are met."""
    server = await Server.start(folder)
    sender = Sender(server, Log(time(), 1.0).lines(BATCH - 1))
    await sender.flat_out(4, plain)  # warm
    met = True
    for name, encode in (("plain", plain), ("gzip", compressed), ("JSON array", array)):
        outcome = await sender.flat_out(options.lines // BATCH, encode)
        print(f"{name:<12} {outcome}", flush=True)
        met &= outcome.lines / outcome.seconds >= GOAL_LINES
    for name, encode in (("plain", plain), ("gzip", compressed)):
        outcome = await sender.paced(options.seconds, encode)
        print(f"{name:<6} paced {outcome}", flush=True)
        met &= outcome.at(0.99) <= GOAL_ANSWER * 1e3
    print(f"memory of the receiver, at most: {await server.memory() / 1e6:.0f} MB")
    await server.stop()
    return met


def main() -> None:
    """Serve, or run a server and measure it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--lines", type=int, default=500_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--assert", dest="check", action="store_true", help="fail below the goals")
    options = parser.parse_args()
    if options.serve:
        uvloop.run(serve(options.serve))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        met = uvloop.run(measure(options, Path(folder)))
    if options.check and not met:
        sys.exit("slower than the goals")


if __name__ == "__main__":
    main()
