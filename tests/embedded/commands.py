"""Commands that share a server, as processes of their own, and what can be seen of the server."""

import asyncio
import os
import pwd
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from exporters.embedded.folder import Layout
from exporters.embedded.postmaster import tag

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("attach.py")
PATIENCE = 30.0
SOAK = bool(os.environ.get("NEARFIELD_TEST_SOAK"))
SEEDS = range(25 if SOAK else 2)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


class Command:
    """A process that attaches to the server and leaves when told to."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(
        cls, data_dir: Path, user: str | None = None, within: Sequence[str] = ()
    ) -> "Command":
        """Start one, `within` some other program; it may not be attached yet."""
        python = python_for(user) if user else sys.executable
        return cls(
            await asyncio.create_subprocess_exec(
                *within,
                python,
                SCRIPT,
                data_dir,
                cwd="/",
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                **(identity(user) if user else {}),
            )
        )

    async def attached(self) -> int:
        """Wait until it uses the server, and return the postmaster's process id."""
        assert self.process.stdout
        said = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE)
        if not said:
            raise AssertionError(await self.errors())
        word, pid = said.split()
        assert word == b"attached"
        return int(pid)

    async def leave(self) -> None:
        """Let it leave; the server is gone when it is, if it was the last."""
        assert self.process.stdin
        self.process.stdin.close()
        code = await asyncio.wait_for(self.process.wait(), PATIENCE)
        assert code == 0, await self.errors()
        await self._collect()

    async def kill(self) -> None:
        """End it as the kernel does: with no chance to do anything."""
        if self.process.returncode is None:
            self.process.kill()
        await asyncio.wait_for(self.process.wait(), PATIENCE)
        await self._collect()

    async def errors(self) -> str:
        """Wait for its end, and return what it wrote to standard error."""
        _, said = await asyncio.wait_for(self.process.communicate(), PATIENCE)
        return said.decode()

    async def _collect(self) -> None:
        if self.process.stdin:
            self.process.stdin.close()
        await asyncio.wait_for(self.process.communicate(), PATIENCE)


def environment() -> dict[str, str]:
    """Return the environment in which any interpreter finds the code under test."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), site_packages()])}


@cache
def python_for(user: str) -> str:
    """Return an interpreter of our version that `user` may run, or skip the test."""
    version = "import sys, psycopg; print(sys.version_info[:2])"
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            said = subprocess.run(
                [python, "-c", version],
                cwd="/",
                env=environment(),
                **identity(user),
                check=False,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            ).stdout
        except OSError:
            continue
        if said.strip() == str(sys.version_info[:2]):
            return python
    pytest.skip(f"no interpreter of this version that {user} may run with these packages")


def identity(user: str) -> dict[str, Any]:
    """Return what `subprocess` needs to run something as `user`: a name, or `#` and a number."""
    if user.startswith("#"):
        return {"user": int(user[1:]), "group": int(user[1:]), "extra_groups": []}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def site_packages() -> str:
    """Return where the packages of this environment lie."""
    return str(Path(pytest.__file__).parents[1])


def postmasters(data_dir: Path) -> list[int]:
    """Return the process ids of every postmaster on a folder, as `ps` sees them."""
    word = f"cluster_name={tag(Layout.under(data_dir))}"
    shown = subprocess.run(
        ["ps", "-axww", "-o", "pid=", "-o", "ppid=", "-o", "command="],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = [line.split(maxsplit=3) for line in shown.splitlines() if word in line]
    parents = {int(pid): int(parent) for pid, parent, program, _ in lines if "/postgres" in program}
    # A process that a postmaster has just forked looks like it for a moment.
    return [pid for pid, parent in parents.items() if parent not in parents]


async def until(true: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait until something is true; fail with its name when it never is."""
    end = monotonic() + patience
    while not true():
        assert monotonic() < end, f"never: {what}"
        await asyncio.sleep(0.02)


def one_line(refused: pytest.ExceptionInfo[BaseException]) -> str:
    """Return an error's message, which is one line that a person can read."""
    message = str(refused.value)
    assert message
    assert "\n" not in message
    assert len(message) < 800
    return message
