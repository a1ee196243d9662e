"""Poll an app's database at scale: time of each part, memory of the process, plan of each query.

    python benchmarks/downloads.py [--episodes N] [--rows N] [--dsn DSN] [--plans] [--assert]

Without --dsn an embedded PostgreSQL is filled with the sample at that scale, by a process of its
own, so that the memory shown is that of an exporter. The first round finds the server's cache as
the loading left it; the second finds that no stats changed; the last that one row did.
"""

import argparse
import asyncio
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg
from prometheus_client import CollectorRegistry
from psycopg.sql import SQL
from pydantic import SecretStr

from exporters.core.database import Database, Rows
from exporters.core.exporter import Exporter
from exporters.core.exposition import negotiate, render
from exporters.core.poller import Poller
from exporters.core.telemetry import Telemetry
from exporters.downloads import DownloadsSettings, app_parts, build, schema
from exporters.downloads.source import Reader, look
from exporters.embedded import EmbeddedServer
from exporters.embedded.sample import load_scaled

GOAL_SECONDS = 1.5
GOAL_MEGABYTES = 150.0
_SCAN = re.compile(r"Seq Scan on episode_stats\b.*")


@dataclass(frozen=True, slots=True)
class Explaining(Reader):
    """A reader that keeps the plan of each query that passes through it."""

    plans: list[str] = field(default_factory=list)

    async def rows(self, query: SQL, params: Mapping[str, Any] | None = None) -> Rows:
        """Return the rows, after the same query was explained."""
        narrowed = schema.narrowed(query, self.tables, self.catalog)
        explain = SQL("EXPLAIN (ANALYZE, BUFFERS) {}").format(narrowed)
        plan = await (await self.connection.execute(explain, params)).fetchall()
        self.plans.append("\n".join(line for (line,) in plan))
        return await Reader.rows(self, query, params)


async def plans(app: Database) -> dict[str, list[str]]:
    """Return the plans of each part's queries, on their first poll."""
    found: dict[str, list[str]] = {}
    for part in app_parts():
        async with app.reading(60.0) as connection:
            reader = Explaining(connection, part.tables, await look(connection, part.tables))
            await part.ask(reader)
            found[part.name] = reader.plans
    return found


async def poll(exporter: Exporter, registry: CollectorRegistry) -> float:
    """Poll every part, one after the other as they do; print and return how long it took."""
    services: Any = [service for service in exporter.services if isinstance(service, Poller)]
    total = 0.0
    for service in services:
        before = _spent(registry, service.name)
        await service.poll()
        took = _spent(registry, service.name) - before
        total += took
        print(f"    {service.name:<32}{1000 * took:9.1f} ms")
    print(f"    {'everything':<32}{1000 * total:9.1f} ms")
    broken = [health for health in exporter.health() if health.reason]
    assert not broken, broken
    return total


def _spent(registry: CollectorRegistry, name: str) -> float:
    exporter, _, source = name.partition("/")
    labels = {"exporter": exporter, "source": source}
    return registry.get_sample_value("nearfield_poll_duration_seconds_sum", labels) or 0.0


async def measure(dsn: str, show_plans: bool) -> bool:
    """Print the figures; return whether every goal is met."""
    registry = CollectorRegistry()
    app = Database("app", SecretStr(dsn))
    exporter = build(DownloadsSettings(), Telemetry(registry, "0"), app, None)
    for collector in exporter.collectors:
        registry.register(collector)
    took = []
    async with app:
        for title in ("first round", "nothing changed", "a row of stats changed"):
            print(title)
            if title.startswith("a row"):
                await _change(dsn)
            took.append(await poll(exporter, registry))
        started = perf_counter()
        page = render(registry.collect(), negotiate(""))
        print(f"page: {len(page):,} bytes in {1000 * (perf_counter() - started):.1f} ms")
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _RSS_UNIT
        print(f"memory of the process at its peak: {megabytes:.0f} MB")
        scans = await _scans(app, show_plans)
    met = max(took) < GOAL_SECONDS and megabytes < GOAL_MEGABYTES and not scans
    print(
        f"slowest round {max(took):.2f} s (goal {GOAL_SECONDS}), {megabytes:.0f} MB"
        f" (goal {GOAL_MEGABYTES:.0f}), sequential scans of episode_stats: {len(scans)} (goal 0)"
    )
    return met


_RSS_UNIT = 1e6 if sys.platform == "darwin" else 1e3


async def _scans(app: Database, show_plans: bool) -> list[str]:
    found = await plans(app)
    for part, texts in found.items():
        for text in texts:
            spent = re.findall(r"(?:Planning|Execution) Time: [\d.]+ ms", text)
            print(f"{part}: {', '.join(spent)}")
            if show_plans:
                print("    " + text.replace("\n", "\n    "))
    return [scan for texts in found.values() for text in texts for scan in _SCAN.findall(text)]


async def _change(dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute(
            "UPDATE episode_stats SET downloads = downloads"
            " WHERE id = (SELECT id FROM episode_stats LIMIT 1)"
        )


async def fill(dsn: str, episodes: int, rows: int) -> None:
    """Load the sample at scale."""
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        today = datetime.now(UTC).date()
        await load_scaled(connection, today, episode_rows=episodes, stats_rows=rows)
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute("VACUUM ANALYZE")


@asynccontextmanager
async def filled(options: argparse.Namespace) -> AsyncIterator[str]:
    """Give the DSN of a database with the sample at scale."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nearfield-")))
        server = await stack.enter_async_context(EmbeddedServer(folder / "data"))
        await server.create_database()
        started = perf_counter()
        command = [sys.executable, __file__, "--fill", server.dsn()]
        command += ["--episodes", str(options.episodes), "--rows", str(options.rows)]
        await asyncio.to_thread(subprocess.run, command, check=True, env=os.environ)
        print(f"{options.rows:,} rows of stats loaded in {perf_counter() - started:.0f} s")
        yield server.dsn()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--episodes", type=int, default=2_000)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--dsn", help="a database with the app's tables, instead of the sample")
    parser.add_argument("--plans", action="store_true", help="print the plans in full")
    parser.add_argument("--assert", action="store_true", dest="strict", help="fail over a goal")
    parser.add_argument("--fill", metavar="DSN", help=argparse.SUPPRESS)
    return parser.parse_args()


async def main(options: argparse.Namespace) -> bool:
    """Run what the options say; return whether every goal is met."""
    if options.fill:
        await fill(options.fill, options.episodes, options.rows)
        return True
    if options.dsn:
        return await measure(options.dsn, options.plans)
    async with filled(options) as dsn:
        return await measure(dsn, options.plans)


if __name__ == "__main__":
    arguments = _options()
    sys.exit(0 if asyncio.run(main(arguments)) or not arguments.strict else 1)
