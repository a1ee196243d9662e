"""Users' own SQL: what fifty queries a second cost, and how a result without end fits into memory.

    python benchmarks/queries.py [--seconds N] [--rows N]

An embedded PostgreSQL is asked over its socket; the costs are those of this process alone.
"""

import argparse
import asyncio
import resource
import tempfile
from pathlib import Path
from time import perf_counter, process_time

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from exporters.core.database import Database
from exporters.core.exposition import ValueFamily
from exporters.core.telemetry import Telemetry
from exporters.downloads.queries import Queries
from exporters.embedded import EmbeddedServer

QUERIES = 50
ENTRY = """
bench_{n}:
  help: A query that takes no time.
  labels: [a]
  interval: 1s
  sql: SELECT 'a' || i AS a, i FROM generate_series(1, 20) AS i
"""
ENDLESS = """
bench_rows:
  help: A label with too many values.
  labels: [a]
  interval: 1h
  deadline: 10m
  series_limit: 1000
  sql: SELECT 'a' || i AS a, 1 FROM generate_series(1, {rows}) AS i
"""


def polls(registry: CollectorRegistry) -> tuple[float, float]:
    """Return how many reads there were, and the seconds that they took."""
    totals = {"nearfield_polls_total": 0.0, "nearfield_poll_duration_seconds_sum": 0.0}
    for metric in registry.collect():
        for sample in metric.samples:
            if sample.name in totals:
                totals[sample.name] += sample.value
    count, seconds = totals.values()
    return count, seconds


def megabytes() -> float:
    """Return the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def steady(app: Database, folder: Path, seconds: float) -> None:
    """Run the fifty queries and print what they cost."""
    (folder / "a.yml").write_text("".join(ENTRY.format(n=n) for n in range(QUERIES)))
    registry = CollectorRegistry()
    queries = Queries([folder / "a.yml"], {"app": app}, Telemetry(registry, ""))
    tasks = [asyncio.create_task(service.run()) for service in queries.services]
    await asyncio.sleep(2)  # the first polls connect
    (before, took_before), cpu, started = polls(registry), process_time(), perf_counter()
    await asyncio.sleep(seconds)
    (after, took_after), passed = polls(registry), perf_counter() - started
    share = (process_time() - cpu) / passed
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    count = after - before
    took = 1000 * (took_after - took_before) / count
    print(f"{QUERIES} queries, one a second each, 20 series each, on one connection:")
    print(f"  {count / passed:.1f} reads a second, {took:.2f} ms each")
    print(f"  {100 * share:.1f} % of a core, {1000 * share * passed / count:.2f} ms of it a read")


async def endless(app: Database, folder: Path, rows: int) -> None:
    """Run one query with a label of many values and print what it cost."""
    (folder / "a.yml").write_text(ENDLESS.format(rows=rows))
    queries = Queries([folder / "a.yml"], {"app": app}, Telemetry(CollectorRegistry(), ""))
    before, started = megabytes(), perf_counter()
    tasks = [asyncio.create_task(service.run()) for service in queries.services]
    family = None
    while family is None:
        await asyncio.sleep(0.05)
        found = [m for c in queries.collectors for m in c.collect() if m.name == "bench_rows"]
        family = found[0] if found else None
    passed = perf_counter() - started
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert isinstance(family, ValueFamily)
    assert sum(sample.value for sample in family.iter_samples()) == rows
    print(f"{rows:,} rows, each with a label of its own, folded into {len(family):,} series:")
    print(f"  {rows / passed:,.0f} rows a second, {megabytes() - before:.1f} MB more at the most")


async def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            EmbeddedServer(folder) as server,
            Database("the app", SecretStr(server.dsn("postgres"))) as app,
        ):
            await steady(app, folder, asked.seconds)
            await endless(app, folder, asked.rows)


if __name__ == "__main__":
    asyncio.run(main())
