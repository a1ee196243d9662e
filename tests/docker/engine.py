"""A real Docker engine of the tests' own, in a folder of its own, with a busybox image."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.programs import program

IMAGE = "busybox:test"
_CGROUPS = Path("/sys/fs/cgroup")


class Engine:
    """`dockerd` with its own containerd, data and socket; nothing of the machine's is touched."""

    def __init__(self, folder: Path, dockerd: str, client: str, *options: str) -> None:
        self.folder = folder
        self.socket = folder / "docker.sock"
        self.host = f"unix://{self.socket}"
        self.cgroup_parent = f"/{folder.name}"
        self._dockerd, self._client, self._options = dockerd, client, options
        self._process: subprocess.Popen[bytes] | None = None
        self._made: set[tuple[str, ...]] = set()

    def start(self) -> None:
        """Start it and wait until it answers; RuntimeError with its last words if it does not."""
        command = [
            self._dockerd,
            *("--data-root", str(self.folder / "data"), "--exec-root", str(self.folder / "exec")),
            *("--pidfile", str(self.folder / "pid"), "-H", self.host, "--storage-driver", "vfs"),
            *("--iptables=false", "--ip6tables=false", "--bridge=none", "--shutdown-timeout=1"),
            *("--cgroup-parent", self.cgroup_parent),
            *self._options,
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, process_group=0)
        until = time.monotonic() + 30
        while time.monotonic() < until and self._process.poll() is None:
            if self.socket.exists() and self._ask("version").returncode == 0:
                return
            time.sleep(0.05)
        self.stop()
        words = (self.folder / "log").read_text(errors="replace").splitlines()[-1:]
        raise RuntimeError(f"dockerd does not start: {words}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop it; its containers stop with it."""
        if process := self._process:
            self._process = None
            process.send_signal(number)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def remove(self) -> None:
        """Remove its containers, stop it, and remove what it leaves."""
        if self._process and (ids := self._ask("ps", "-aq").stdout.split()):
            self._ask("rm", "-f", *ids)
        self.stop()
        for mount in _mounts_under(self.folder):
            subprocess.run(["umount", "-l", mount], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
        for folder in _CGROUPS.glob(f"*/{self.folder.name}"):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def import_busybox(self, busybox: str) -> None:
        """Make the image out of the one program, since a registry is not for tests."""
        with tarfile.open(self._archive, "w") as tar:
            tar.add(busybox, "bin/busybox")
            for name in subprocess.check_output([busybox, "--list"], text=True).split():
                if name != "busybox":
                    link = tarfile.TarInfo(f"bin/{name}")
                    link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                    tar.addfile(link)
        self("import", str(self._archive), IMAGE)

    async def image(self, name: str, script: str, *labels: str) -> str:
        """Make an image that runs a shell script, once for all tests, and return its name."""
        if (name, script, *labels) not in self._made:
            changes = (f'CMD ["sh", "-c", "{script}"]', *(f"LABEL {label}" for label in labels))
            options = [f"--change={each}" for each in changes]
            await self.do("import", *options, str(self._archive), name)
            self._made = {each for each in self._made if each[0] != name}
            self._made.add((name, script, *labels))
        return name

    @property
    def _archive(self) -> Path:
        return self.folder / "busybox.tar"

    def __call__(self, *args: str) -> str:
        """Run a command of the client, and return what it prints."""
        done = self._ask(*args)
        assert done.returncode == 0, f"docker {' '.join(args)}: {done.stderr}"
        return done.stdout.strip()

    async def do(self, *args: str) -> str:
        """The same, while the event loop goes on."""
        return await asyncio.to_thread(self, *args)

    async def run(self, name: str, script: str, *options: str) -> str:
        """Start a container that runs a shell script, without a network; return its id."""
        options = ("--network", "none", *options) if "--network" not in options else options
        quick = ("--stop-timeout", "1", *options)  # `sleep` as first process hears no SIGTERM
        return await self.do("run", "-d", "--name", name, *quick, IMAGE, "sh", "-c", script)

    async def inspect(self, name: str) -> dict[str, Any]:
        """What the engine says about one container."""
        found: list[dict[str, Any]] = json.loads(await self.do("inspect", name))
        return found[0]

    async def clear(self) -> None:
        """Remove every container."""
        if ids := (await self.do("ps", "-aq")).split():
            await self.do("rm", "-f", *ids)

    def _ask(self, *args: str) -> subprocess.CompletedProcess[str]:
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        return subprocess.run(
            [self._client, "-H", self.host, *args],
            capture_output=True,
            text=True,
            timeout=180,  # a container of a large image is a copy of it here
            env=environ,
            check=False,
        )


def started_engine(*options: str) -> Iterator[Engine]:
    """An engine for a session of tests; skips them with the reason where none can run."""
    dockerd = program("dockerd", package="docker.io")
    client = program("docker", package="docker.io")
    busybox = program("busybox", package="busybox-static")
    if os.geteuid() != 0:
        _without("a Docker engine needs root")
    # Not pytest's folder: the paths of sockets have to be short.
    engine = Engine(Path(tempfile.mkdtemp(prefix="nearfield-")), dockerd, client, *options)
    try:
        try:
            engine.start()
            engine.import_busybox(busybox)
        except (RuntimeError, AssertionError) as error:
            _without(str(error))
        yield engine
    finally:
        engine.remove()


def _without(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _mounts_under(folder: Path) -> list[str]:
    points = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    return sorted((each for each in points if each.startswith(f"{folder}/")), reverse=True)
