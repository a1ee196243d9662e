"""What it costs to scrape the containers of a host every second, as the stack does.

    python benchmarks/seconds.py [--containers 30] [--seconds 120]

Containers are real cgroups where this machine allows it, a real Prometheus scrapes them by the
stack's own job, and what it wrote is read from a snapshot. Between the two values move as those of
containers at work: what stands still would take next to no room.
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import yaml
from aiohttp import ClientSession, web

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks._cgroups import answering, tree
from benchmarks._exporter import ROOT, Cost, cost, exporter

EXPORTER, PAGE, PROMETHEUS = 19581, 19582, 19583
DAY = 86_400
_VALUE = re.compile(r"^(container_\w+)(\{[^\n]*\}) [^ \n]+", re.MULTILINE)


class Life:
    """Values as they move where something is at work."""

    def __init__(self) -> None:
        self._random = random.Random(1)
        self._values: dict[str, float] = {}

    def page(self, text: str) -> str:
        """Return a page on which a second has passed."""
        return _VALUE.sub(self._moved, text)

    def _moved(self, found: re.Match[str]) -> str:
        name, labels = found.groups()
        before = self._values.get(name + labels, 0)
        if name.startswith("container_cpu"):
            value = round(before + self._random.lognormvariate(-4, 1), 6)
        elif name.endswith("_total"):
            value = before + int(self._random.lognormvariate(8, 2))
        elif name.endswith("_bytes"):
            value = max(0, before + 4096 * int(self._random.gauss(0, 20)))
        else:
            value = max(0, before + round(self._random.gauss(0, 1)))
        self._values[name + labels] = value
        return f"{name}{labels} {value}"


@contextlib.asynccontextmanager
async def alive(port: int) -> AsyncIterator[None]:
    """Serve the exporter's page with values that move."""
    life = Life()
    async with ClientSession() as session:

        async def page(request: web.Request) -> web.Response:
            url = f"http://127.0.0.1:{EXPORTER}{request.rel_url}"
            async with session.get(url) as answer:
                return web.Response(text=life.page(await answer.text()))

        app = web.Application()
        app.router.add_get("/metrics", page)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield
        finally:
            await runner.cleanup()


@contextlib.asynccontextmanager
async def prometheus(folder: Path) -> AsyncIterator[int]:
    """Run a Prometheus that has the stack's job of each second and no other; give its pid."""
    settings = yaml.safe_load((ROOT / "stack" / "prometheus.yml").read_text())
    [job] = [each for each in settings["scrape_configs"] if each["job_name"] == "seconds"]
    kept = {key: job[key] for key in job if not key.endswith("_sd_configs")}
    kept["static_configs"] = [{"targets": [f"127.0.0.1:{PAGE}"]}]
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump({"scrape_configs": [kept]}))
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *("prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder / 'tsdb'}"),
            *(f"--web.listen-address=127.0.0.1:{PROMETHEUS}", "--web.enable-admin-api"),
            stdout=log,
            stderr=log,
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        await process.wait()


def asked(path: str, method: str = "GET") -> Any:
    """Return the data of an answer of Prometheus."""
    request = Request(f"http://127.0.0.1:{PROMETHEUS}{path}", method=method)
    with urlopen(request, timeout=60) as response:  # noqa: S310
        return json.load(response)["data"]


@dataclass(frozen=True)
class Written:
    """What Prometheus has on disk."""

    series: int
    samples: int
    size: int
    """Bytes of chunks, the index left out: a block of hours has one for all of them."""


def written(folder: Path) -> Written:
    """Have Prometheus write down what it holds."""
    name = asked("/api/v1/admin/tsdb/snapshot", "POST")["name"]
    blocks = list((folder / "tsdb" / "snapshots" / name).iterdir())
    stats = [json.loads((block / "meta.json").read_text())["stats"] for block in blocks]
    size = sum(file.stat().st_size for block in blocks for file in (block / "chunks").iterdir())
    return Written(
        max(each["numSeries"] for each in stats), sum(each["numSamples"] for each in stats), size
    )


async def measured(containers: int, seconds: float, folder: Path) -> tuple[Cost, Cost, Written]:
    """Return what Prometheus and the exporter cost meanwhile, and what was written."""
    ids = [secrets.token_hex(32) for _ in range(containers)]
    with tree(ids) as (root, proc, kind):
        print(f"{containers} containers ({kind}), scraped each second:")
        async with (
            answering(ids, folder) as host,
            exporter(host, root, proc, EXPORTER) as ours,
            alive(PAGE),
        ):
            await asyncio.sleep(3)
            quiet = await cost(ours, 20)
            async with prometheus(folder) as theirs:
                await asyncio.sleep(10)
                busy, reading = await asyncio.gather(cost(theirs, seconds), cost(ours, seconds))
                found = await asyncio.to_thread(written, folder)
    return busy, Cost(reading.core - quiet.core, reading.memory), found


def main() -> int:
    """Print what it costs; return 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--containers", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=120)
    args = parser.parse_args()
    if not shutil.which("prometheus"):
        print("left out, since prometheus is not installed")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        busy, ours, found = asyncio.run(measured(args.containers, args.seconds, Path(folder)))
    each = found.size / found.samples
    print(f"  {found.series} series")
    print(f"  {each:.2f} bytes a sample: {found.series * DAY * each / 1e6:.0f} MB a day")
    print(f"  Prometheus: {busy.core:.1%} of a core, {busy.memory / 1e6:.0f} MB resident")
    print(f"  Nearfield: {ours.core:.1%} of a core more than without")
    return 0


if __name__ == "__main__":
    sys.exit(main())
