"""Our exporter of containers as a process of its own, and what a process costs."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[1]
TICKS = os.sysconf("SC_CLK_TCK")

EXPORTER = """
import asyncio, sys
from pathlib import Path
from prometheus_client import CollectorRegistry
from exporters import containers, docker
from exporters.containers import ContainersSettings
from exporters.core import lifecycle
from exporters.core.exporter import Exporter
from exporters.core.quantities import Address
from exporters.core.telemetry import Telemetry
from exporters.core.web.server import Listener
from exporters.core.web.surface import Surface
from exporters.docker import DockerSettings

async def main():
    import uvloop
    host, cgroups, proc, port = sys.argv[1:]
    registry = CollectorRegistry()
    telemetry = Telemetry(registry, "benchmark")
    engine = docker.build(DockerSettings(host=host), telemetry)
    settings = ContainersSettings(cgroup_root=Path(cgroups), proc_root=Path(proc))
    exporters = [engine.exporter, containers.build(settings, engine, telemetry)]
    app = Surface(exporters, registry).app()
    front = Exporter("web", listeners=[Listener("web", app, Address("127.0.0.1", int(port)))])
    with lifecycle.stop_on_signals() as stop:
        await lifecycle.serve([*exporters, front], stop)

import uvloop
uvloop.run(main())
"""


@dataclass(frozen=True)
class Cost:
    """Share of a core over a time, and resident memory."""

    core: float
    memory: int


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and of the children that it has waited for."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


async def cost(pid: int, seconds: float) -> Cost:
    """Watch a process for a while."""
    before, began = cpu_seconds(pid), time.monotonic()
    await asyncio.sleep(seconds)
    return Cost((cpu_seconds(pid) - before) / (time.monotonic() - began), resident(pid))


@contextlib.asynccontextmanager
async def exporter(host: str, cgroups: Path, proc: Path, port: int) -> AsyncIterator[int]:
    """Our exporter as a process of its own; gives its pid once it serves."""
    command = [sys.executable, "-c", EXPORTER, host, str(cgroups), str(proc), str(port)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    try:
        for _ in range(200):
            await asyncio.sleep(0.1)
            with contextlib.suppress(OSError):
                if b"container_last_seen{" in await asyncio.to_thread(scrape, port):
                    break
        yield process.pid
    finally:
        process.terminate()
        await process.wait()


def scrape(port: int) -> bytes:
    """The page as it is, since compressing it is the same work for anybody's."""
    request = Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept-Encoding": "identity"})
    with urlopen(request, timeout=30) as response:  # noqa: S310
        content: bytes = response.read()
    return content
