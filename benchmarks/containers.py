"""What it costs to sample 500 containers each second, and to be scraped.

    python benchmarks/containers.py [--containers 500] [--seconds 15] [--assert]

They are real cgroups with a process in each, made under a folder of their own where this machine
allows it, else plain files; an engine that only answers plays Docker's. CPU time is that of the
whole process.
"""

import argparse
import asyncio
import secrets
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks._cgroups import answering, inspected, tree
from benchmarks._exporter import cost, cpu_seconds, exporter, resident, scrape
from exporters.containers.source import CgroupSource
from exporters.docker.model import parse_container

GOAL_CORE, GOAL_MEMORY, GOAL_SCRAPE = 0.05, 120 * 2**20, 0.050
SCRAPES = 15


async def many(containers: int, seconds: float) -> bool:
    """Print what `containers` cost; return whether that is within the goals."""
    ids = [secrets.token_hex(32) for _ in range(containers)]
    with tempfile.TemporaryDirectory() as folder, tree(ids) as (root, proc, kind):
        async with (
            answering(ids, Path(folder)) as host,
            exporter(host, root, proc, 19581) as pid,
        ):
            await asyncio.sleep(3)
            quiet = await cost(pid, seconds)
            times, size = [], 0
            worked, since = cpu_seconds(pid), time.monotonic()
            for _ in range(SCRAPES):
                began = time.perf_counter()
                size = len(await asyncio.to_thread(scrape, 19581))
                times.append(time.perf_counter() - began)
                await asyncio.sleep(0.3)
            idle = quiet.core * (time.monotonic() - since)
            worked = (cpu_seconds(pid) - worked - idle) / len(times)
            memory = resident(pid)
        turns = looks(root, proc, ids)
    scraped = statistics.median(times)
    rest = "and all the rest" if turns == 1 else f"the rest within {turns} looks"
    print(f"{containers} containers ({kind}), CPU time and memory each second, {rest}:")
    print(f"  {quiet.core:.1%} of a core (goal {GOAL_CORE:.0%})")
    print(f"  {memory / 2**20:.0f} MB resident (goal {GOAL_MEMORY / 2**20:.0f})")
    print(
        f"  a scrape of {size / 1e6:.1f} MB takes {scraped * 1e3:.0f} ms, at best"
        f" {min(times) * 1e3:.0f}, of which {worked * 1e3:.0f} are CPU time"
        f" (goal {GOAL_SCRAPE * 1e3:.0f})"
    )
    return quiet.core < GOAL_CORE and memory < GOAL_MEMORY and min(times) < GOAL_SCRAPE


def looks(root: Path, proc: Path, ids: list[str]) -> int:
    """How many looks it takes here until each container was read in full."""
    containers = [parse_container(inspected(key, number)) for number, key in enumerate(ids, 1)]
    with CgroupSource(root, proc) as source:
        for _ in range(20):
            source.look(containers)
            time.sleep(0.2)
        return source.turns.count


def main() -> int:
    """Return 0, or 1 where a goal is missed and `--assert` was said."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--containers", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--assert", dest="strict", action="store_true")
    args = parser.parse_args()
    good = asyncio.run(many(args.containers, args.seconds))
    return 0 if good or not args.strict else 1


if __name__ == "__main__":
    sys.exit(main())
