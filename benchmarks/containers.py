"""What it costs to sample 500 containers each second, and 30 beside the stats API and netdata.

    python benchmarks/containers.py [--containers 500] [--seconds 15] [--assert]

The 500 are real cgroups with their files, made under a folder of their own where this machine
allows it, else plain files; an engine that only answers plays Docker's. The 30 are real containers
of a real engine, which is started here; CPU time is that of the whole process, the engine's beside.
"""

import argparse
import asyncio
import contextlib
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from aiohttp import web

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.docker.engine import IMAGE, Engine, started_engine  # noqa: E402

CGROUPS = Path("/sys/fs/cgroup")
TICKS = os.sysconf("SC_CLK_TCK")
GOAL_CORE, GOAL_MEMORY, GOAL_SCRAPE = 0.05, 120 * 2**20, 0.050

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
    app = Surface(exporters, registry, "benchmark").app()
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


@contextlib.contextmanager
def tree(ids: list[str]) -> Iterator[tuple[Path, Path, str]]:
    """A cgroup for each id: its root, a folder that plays /proc, and what kind of tree it is."""
    name = f"nearfield-bench-{os.getpid()}"
    unified = (CGROUPS / "cgroup.controllers").exists()
    tops = [CGROUPS] if unified else [each for each in CGROUPS.iterdir() if each.is_dir()]
    made: list[Path] = []
    with tempfile.TemporaryDirectory() as folder, network() as pid:
        proc = Path(folder, "proc")
        try:
            for top in tops:
                made += [top / name, *(top / name / each for each in ids)]
                for path in made[-len(ids) - 1 :]:
                    path.mkdir()
            root, kind = CGROUPS, "real cgroups"
        except OSError:
            root, kind = Path(folder, "cgroup"), "files"
            for each in ids:
                write_files(root / name / each)
            (root / "cgroup.controllers").touch()
        for number, each in enumerate(ids, 1):
            place = proc / str(number)
            place.mkdir(parents=True)
            controllers = "cpu,cpuacct,memory,blkio,pids"
            lines = f"0::/{name}/{each}\n1:{controllers}:/{name}/{each}\n"
            (place / "cgroup").write_text(lines)
            (place / "net").symlink_to(f"/proc/{pid}/net")
        try:
            yield root, proc, kind
        finally:
            for path in reversed(made):
                with contextlib.suppress(OSError):
                    path.rmdir()


@contextlib.contextmanager
def network() -> Iterator[int]:
    """A process with a network namespace of its own, where it may have one."""
    alone = "ip link add eth0 type dummy 2>/dev/null; exec sleep 3600"
    root = os.geteuid() == 0
    command = ["unshare", "--net", "sh", "-c", alone] if root else ["sleep", "3600"]
    process = subprocess.Popen(command)
    time.sleep(0.2)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def write_files(folder: Path) -> None:
    """The files of cgroup v2, as a busy container has them."""
    folder.mkdir(parents=True)
    keys = "anon file kernel file_mapped inactive_file active_file pgfault pgmajfault".split()  # noqa: SIM905
    waits = "some avg10=0.00 avg60=0.00 avg300=0.00 total=12345\n"
    contents = {
        "cpu.stat": "usage_usec 123456\nuser_usec 23456\nsystem_usec 100000\n",
        "memory.current": "12345678\n",
        "memory.peak": "22345678\n",
        "memory.swap.current": "0\n",
        "memory.stat": "".join(f"{key} {number * 4096}\n" for number, key in enumerate(keys)),
        "memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n",
        "io.stat": "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n",
        "pids.current": "3\n",
        "cgroup.procs": "1\n2\n3\n",
        **{f"{each}.pressure": waits + waits.replace("some", "full") for each in ("cpu", "io")},
    }
    for name, content in contents.items():
        (folder / name).write_text(content)


def inspected(key: str, number: int) -> dict[str, Any]:
    """What an engine would say about a running container."""
    labels = {"com.docker.compose.service": f"s{number % 50}", "com.docker.compose.project": "shop"}
    return {
        "Id": key,
        "Name": f"/shop-s{number % 50}-{number}",
        "RestartCount": 0,
        "State": {"Status": "running", "Pid": number, "StartedAt": "2026-01-02T03:04:05.6Z"},
        "Config": {"Image": "registry.example/shop/service:1.2.3", "Labels": labels},
        "HostConfig": {"NetworkMode": "bridge", "Memory": 2**28, "NanoCpus": 10**9},
    }


@contextlib.asynccontextmanager
async def answering(ids: list[str], folder: Path) -> AsyncIterator[str]:
    """An engine that answers what the exporter asks of it, and where nothing ever happens."""
    found = {key: inspected(key, number) for number, key in enumerate(ids, 1)}
    listing = [
        {"Id": key, "Names": [each["Name"]], "State": "running", "Status": "Up 3 hours"}
        for key, each in found.items()
    ]

    async def answer(request: web.Request) -> web.StreamResponse:
        path = request.path.split("/", 2)[-1]
        if path.endswith("_ping"):
            return web.Response(headers={"Api-Version": "1.47"})
        if path == "events":
            response = web.StreamResponse()
            await response.prepare(request)
            await asyncio.Event().wait()
        if path == "containers/json":
            return web.json_response(listing)
        parts = path.split("/")
        return web.json_response(found[parts[1]] if parts[0] == "containers" else {})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, str(folder / "docker.sock")).start()
    try:
        yield f"unix://{folder}/docker.sock"
    finally:
        await runner.cleanup()


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
            for _ in range(9):
                began = time.perf_counter()
                size = len(await asyncio.to_thread(scrape, 19581))
                times.append(time.perf_counter() - began)
                await asyncio.sleep(0.3)
            idle = quiet.core * (time.monotonic() - since)
            worked = (cpu_seconds(pid) - worked - idle) / len(times)
            memory = resident(pid)
    scraped = statistics.median(times)
    print(f"{containers} containers ({kind}), all sampled each second:")
    print(f"  {quiet.core:.1%} of a core (goal {GOAL_CORE:.0%})")
    print(f"  {memory / 2**20:.0f} MB resident (goal {GOAL_MEMORY / 2**20:.0f})")
    print(
        f"  a scrape of {size / 1e6:.1f} MB takes {scraped * 1e3:.0f} ms, at best"
        f" {min(times) * 1e3:.0f}, of which {worked * 1e3:.0f} are CPU time"
        f" (goal {GOAL_SCRAPE * 1e3:.0f})"
    )
    return quiet.core < GOAL_CORE and memory < GOAL_MEMORY and min(times) < GOAL_SCRAPE


async def side_by_side(engine: Engine, seconds: float) -> None:
    """Print what 30 real containers cost us, a poller of the stats API, and netdata."""
    for number in range(30):
        await engine.run(f"idle{number}", "while :; do sleep 1; done")
    daemon = int((engine.folder / "pid").read_text())
    rows: dict[str, tuple[Cost, float]] = {}
    async with exporter(engine.host, CGROUPS, Path("/proc"), 19582) as pid:
        await asyncio.sleep(2)
        rows["Nearfield"] = await both(pid, daemon, seconds)
    poller = await asyncio.create_subprocess_exec(sys.executable, "-c", POLLER, str(engine.socket))
    await asyncio.sleep(2)
    rows["stats API, one-shot"] = await both(poller.pid, daemon, seconds)
    poller.kill()
    await poller.wait()
    if program := shutil.which("netdata"):
        with netdata(program) as netdata_pid:
            await asyncio.sleep(8)
            rows["netdata"] = await both(netdata_pid, daemon, seconds)
    ours = rows["Nearfield"][0].core + rows["Nearfield"][1]
    print(f"30 real containers of {IMAGE} at one second, CPU of the process and of dockerd:")
    for name, (each, daemons) in rows.items():
        whole = each.core + daemons
        print(
            f"  {name:20} {each.core:6.2%} + {daemons:6.2%} of a core,"
            f" {each.memory / 2**20:4.0f} MB, {whole / ours:5.1f} times ours"
        )


async def both(pid: int, daemon: int, seconds: float) -> tuple[Cost, float]:
    """The cost of a process, and the share of a core that the engine works meanwhile."""
    before = cpu_seconds(daemon)
    mine = await cost(pid, seconds)
    return mine, (cpu_seconds(daemon) - before) / seconds


POLLER = """
import asyncio, json, sys
import aiohttp, uvloop

async def main():
    connector = aiohttp.UnixConnector(sys.argv[1])
    async with aiohttp.ClientSession("http://docker", connector=connector) as session:
        async def get(path):
            async with session.get(path) as response:
                return json.loads(await response.read())
        ids = [each["Id"] for each in await get("/v1.41/containers/json")]
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await asyncio.gather(*(
                get(f"/v1.41/containers/{each}/stats?stream=false&one-shot=true") for each in ids
            ))
            await asyncio.sleep(max(0, began + 1 - loop.time()))

uvloop.run(main())
"""


@contextlib.contextmanager
def netdata(program: str) -> Iterator[int]:
    """Netdata as it comes, its data and its port in a place of their own."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("cache", "lib", "log", "run"):
            Path(folder, name).mkdir()
        config = Path(folder, "netdata.conf")
        config.write_text(
            f"[global]\nrun as user = root\n[db]\nmode = ram\nretention = 3600\n"
            f"[directories]\ncache = {folder}/cache\nlib = {folder}/lib\nlog = {folder}/log\n"
            "[web]\nbind to = 127.0.0.1:19583\n"
            "[ml]\nenabled = no\n"
        )
        command = [program, "-D", "-c", str(config), "-P", f"{folder}/run/pid"]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0
        )
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait(20)


def main() -> int:
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--containers", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--assert", dest="strict", action="store_true")
    args = parser.parse_args()
    good = asyncio.run(many(args.containers, args.seconds))
    if os.geteuid() == 0 and shutil.which("dockerd") and shutil.which("busybox"):
        with contextlib.closing(started_engine()) as engines:  # type: ignore[type-var]
            asyncio.run(side_by_side(next(engines), args.seconds))
    else:
        print("30 real containers: left out, since no Docker engine can be started here")
    return 0 if good or not args.strict else 1


if __name__ == "__main__":
    sys.exit(main())
