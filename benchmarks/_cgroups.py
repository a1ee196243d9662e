"""Many containers that only the kernel and an answering engine know: cgroups, each with a life."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from aiohttp import web

CGROUPS = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def tree(ids: list[str]) -> Iterator[tuple[Path, Path, str]]:
    """A cgroup for each id: its root, a folder that plays /proc, and what kind of tree it is.

    In each real cgroup a shell wakes every second, so that CPU time and pressure move. They share
    a network of their own.
    """
    name = f"nearfield-bench-{os.getpid()}"
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        try:
            tops = stack.enter_context(real(name, ids))
            root, kind = CGROUPS, "real cgroups at work"
            pid = stack.enter_context(lives(ids, tops))
        except OSError:
            root, kind, pid = Path(folder, "cgroup"), "files that stay the same", os.getpid()
            for each in ids:
                write_files(root / name / each)
            (root / "cgroup.controllers").touch()
        proc = Path(folder, "proc")
        write_proc(proc, name, ids, pid)
        yield root, proc, kind


@contextlib.contextmanager
def real(name: str, ids: list[str]) -> Iterator[list[Path]]:
    """A folder for each id in every hierarchy, and these folders' parents; raises OSError."""
    unified = (CGROUPS / "cgroup.controllers").exists()
    found = [CGROUPS] if unified else [each for each in CGROUPS.iterdir() if each.is_dir()]
    tops = [each / name for each in found]
    made: list[Path] = []
    try:
        for top in tops:
            for path in (top, *(top / each for each in ids)):
                path.mkdir()
                made.append(path)
        yield tops
    finally:
        for path in reversed(made):
            with contextlib.suppress(OSError):
                path.rmdir()


LIVES = """
ip link add eth0 type dummy 2>/dev/null
exec 3<&0
for id in $IDS; do
    (for top in $TOPS; do echo 0 2>/dev/null > $top/$id/cgroup.procs; done
    exec busybox sh -c 'while :; do read -t 1 -u 3 nothing; done') &
done
wait
"""


@contextlib.contextmanager
def lives(ids: list[str], tops: list[Path]) -> Iterator[int]:
    """A process in each cgroup, all in one network; gives the pid of one of them."""
    if not shutil.which("busybox"):
        raise OSError("no busybox")
    process = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", LIVES],  # noqa: S607
        stdin=subprocess.PIPE,  # where nothing ever comes
        env=os.environ | {"IDS": " ".join(ids), "TOPS": " ".join(map(str, tops))},
        process_group=0,
    )
    try:
        places = [top for top in tops if top.parent.name != "cpuset"]  # takes none without CPUs
        until = time.monotonic() + 60
        while not all((places[0] / each / "cgroup.procs").read_text() for each in ids):
            if time.monotonic() > until:
                raise OSError("the cgroups stay empty")
            time.sleep(0.1)
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        time.sleep(1)  # until the kernel has let them all go, since a cgroup in use stays


def write_proc(proc: Path, name: str, ids: list[str], pid: int) -> None:
    """A `/proc` of processes that each say where their cgroup is, and share a network."""
    for number, each in enumerate(ids, 1):
        place = proc / str(number)
        place.mkdir(parents=True)
        lines = f"0::/{name}/{each}\n1:cpu,cpuacct,memory,blkio,pids:/{name}/{each}\n"
        (place / "cgroup").write_text(lines)
        (place / "net").symlink_to(f"/proc/{pid}/net")


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
