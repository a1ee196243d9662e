"""Ship log lines to an answering stand-in: lines for each second of CPU time, ratio to a peer.

    python benchmarks/loki_sink.py [--lines 200000] [--assert]

Lines have 200 bytes and three pairs of metadata, one of them different with each line. Counted is
the CPU time of this process, all threads: appending, encoding, the queue on disk with its syncs,
pushing; the entries are there beforehand. The stand-in runs in a process of its own. Beside it
python-logging-loki ships lines of the same kind to the same stand-in. The best of three rounds
counts, since what else the machine does slows the others.
"""

import argparse
import asyncio
import gc
import logging
import multiprocessing
import resource
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from itertools import cycle, islice
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, process_time, time_ns

import logging_loki  # type: ignore[import-untyped]  # has no types

from exporters.loki import Entry, LokiSettings, Pairs, Stream, build

GOAL = 200_000
LOT = 200
LOTS = 25
"""That are made, and shipped again and again: as many as a batch has, since lines that have just
come are in the processor's cache."""
SIZE = 200
PEER_LINES = 2_000
ROUNDS = 3
SERVICES = [Stream(name, "site", "web1", "stdout") for name in ("app", "db", "proxy", "jobs")]


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read requests whole and answer each 204."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
            await reader.readexactly(int(length))
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def stand_in(port: Connection) -> None:
    """Serve until killed."""

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=2**20)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def serving() -> Iterator[str]:
    """Give the address of a stand-in."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=stand_in, args=(theirs,))
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.kill()
        process.join()


def texts() -> list[str]:
    """Return a thousand different lines of 200 bytes."""
    found = []
    for n in range(1000):
        text = f"level=info method=GET path=/news/{n * 7919} status=200 duration={n}us"
        more = f'msg="Sent 200 in {n}ms" request_id={n * 2654435761 % 2**64:016x} '
        found.append(f"{text} {more}".ljust(SIZE, "."))
    return found


def lots(count: int) -> Iterator[list[Entry]]:
    """Yield lots of 200 lines, as readers of containers bring them."""
    pool, now = texts(), time_ns()
    same: Pairs = (("container", "site-app-1"), ("level", "info"))
    for start in range(0, count, LOT):
        stream = SERVICES[start // LOT % len(SERVICES)]
        yield [
            Entry(stream, now + n * 1000, pool[n % 1000], (*same, ("request_id", f"{n:016x}")))
            for n in range(start, start + LOT)
        ]


async def ship(
    url: str, encoding: str, made: Sequence[Sequence[Entry]], count: int
) -> tuple[float, float]:
    """Return seconds of CPU and of the clock until the stand-in has answered for every line."""
    with tempfile.TemporaryDirectory() as folder:
        settings = LokiSettings.model_validate({"loki_url": url, "encoding": encoding})
        loki = build(settings, Path(folder), "bench")
        assert loki
        async with AsyncExitStack() as stack:
            for opened in loki.exporter.resources:
                await stack.enter_async_context(opened)
            cpu, clock = process_time(), perf_counter()
            for number, lot in enumerate(islice(cycle(made), count // LOT)):
                await loki.sink.put(lot, {"container-1": str(number)})
            while (loki.metrics.sent.value(()) or 0) < count:  # noqa: ASYNC110  none tells
                await asyncio.sleep(0.005)
            return process_time() - cpu, perf_counter() - clock


def peer(url: str, count: int) -> float:
    """Return the seconds of CPU in which python-logging-loki ships as many lines."""
    handler = logging_loki.LokiHandler(
        f"{url}/loki/api/v1/push", tags={"service": "app", "host": "web1"}, version="1"
    )
    pool = texts()
    records = [
        logging.LogRecord("app", logging.INFO, "", 0, pool[n % 1000], None, None)
        for n in range(count)
    ]
    cpu = process_time()
    for record in records:
        handler.emit(record)
    used = process_time() - cpu
    handler.emitter.close()
    return used


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and with --assert fail below the goal."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--assert", action="store_true", dest="fail")
    asked = parser.parse_args(arguments)
    best = 0.0
    made = list(lots(LOTS * LOT))
    gc.freeze()  # what is made beforehand is no work of the sink's
    with serving() as url:
        for encoding in ("protobuf", "json"):
            cpu, clock = min(
                asyncio.run(ship(url, encoding, made, asked.lines)) for _ in range(ROUNDS)
            )
            best = max(best, asked.lines / cpu)
            print(
                f"{encoding:10} {asked.lines / cpu:10,.0f} lines/s of CPU"
                f" {asked.lines / clock:10,.0f} lines/s {cpu / asked.lines * 1e6:6.2f} µs a line"
            )
        each = min(peer(url, PEER_LINES) for _ in range(ROUNDS)) / PEER_LINES
    print(f"{'peer':10} {1 / each:10,.0f} lines/s of CPU  (python-logging-loki 0.3.1)")
    print(f"ratio      {best * each:10,.0f} times fewer CPU seconds a line")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory     {peak:10,.0f} MB at most, {LOTS * LOT:,} entries made beforehand included")
    return 1 if asked.fail and best < GOAL else 0


if __name__ == "__main__":
    sys.exit(main())
