"""Whether uvloop helps: scrapes a second of the same page on asyncio's own loop and on uvloop.

    python benchmarks/event_loop.py [--seconds N]

The server has one process, the clients another; both are on 127.0.0.1. The loops take turns, and
the ratio is that of the medians.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import aiohttp
import uvloop
from prometheus_client import CollectorRegistry

from exporters.core.exporter import Exporter
from exporters.core.exposition import ValueFamily
from exporters.core.quantities import Address
from exporters.core.web.server import Listener
from exporters.core.web.surface import Surface

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
PAGES = {"healthz": 0, "metrics": 1_000}
CLIENTS = 8
ROUNDS = 3


def serve(loop: str, series: int, ready: Connection) -> None:
    """Serve a page of `series` series until terminated."""

    async def main() -> None:
        family = ValueFamily("gauge", "bench", "A value.", ["n"])
        family.replace(((str(n),), n / 7) for n in range(series))
        app = Surface([Exporter("x", collectors=[family])], CollectorRegistry()).app()
        async with Listener("bench", app, Address("127.0.0.1", 0)) as listener:
            ready.send(listener.url)
            await asyncio.Event().wait()

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(main())


async def ask(url: str, seconds: float) -> float:
    """Return answers a second to clients that ask one after the other."""
    until = time.perf_counter() + seconds

    async def client(http: aiohttp.ClientSession) -> int:
        answers = 0
        while time.perf_counter() < until:
            async with http.get(url) as answer:
                await answer.read()
            answers += 1
        return answers

    async with aiohttp.ClientSession() as http:
        return sum(await asyncio.gather(*(client(http) for _ in range(CLIENTS)))) / seconds


def measure(loop: str, page: str, seconds: float) -> float:
    """Return requests a second that a fresh server answers on this loop."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(loop, PAGES[page], theirs), daemon=True)
    process.start()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(ask(f"{ours.recv()}/{page}", seconds))
    finally:
        process.terminate()
        process.join()


def main() -> None:
    """Print requests a second of each loop, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="length of one measurement")
    seconds = parser.parse_args().seconds
    for page, series in PAGES.items():
        figures: dict[str, list[float]] = {loop: [] for loop in LOOPS}
        for _ in range(ROUNDS):
            for loop in LOOPS:
                figures[loop].append(measure(loop, page, seconds))
        medians = {loop: statistics.median(values) for loop, values in figures.items()}
        told = ", ".join(f"{loop} {median:,.0f}/s" for loop, median in medians.items())
        ratio = medians["uvloop"] / medians["asyncio"]
        print(f"/{page} ({series:,} series): {told}, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
