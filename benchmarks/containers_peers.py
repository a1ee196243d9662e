"""What 30 real containers cost at one second: ours, the stats API, netdata.

    python benchmarks/containers_peers.py [--seconds 15]

The containers are those of a real engine, which is started here; CPU time is that of the whole
process, the engine's beside it.
"""

import argparse
import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks._exporter import Cost, cost, cpu_seconds, exporter
from tests.docker.engine import IMAGE, Engine, started_engine

CGROUPS = Path("/sys/fs/cgroup")


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


def main() -> None:
    """Measure, where an engine can be started."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15)
    seconds = parser.parse_args().seconds
    if os.geteuid() == 0 and shutil.which("dockerd") and shutil.which("busybox"):
        with contextlib.closing(started_engine()) as engines:  # type: ignore[type-var]
            asyncio.run(side_by_side(next(engines), seconds))
    else:
        print("30 real containers: left out, since no Docker engine can be started here")


if __name__ == "__main__":
    main()
