"""The server's processes as seen from outside: whether they run, how far they are, their end."""

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from exporters.core.errors import StartError
from exporters.embedded.folder import PORT, Layout, explained
from exporters.embedded.locks import SHARED, TICK, locked, opened

_OURS = "nearfield("


class State(Enum):
    """How far a server is."""

    GONE = "no process is left"
    STARTING = "not ready yet, or an initdb that outlived its command"
    READY = "accepts connections"
    STOPPING = "somebody told it to stop"
    HEADLESS = "the postmaster was killed and a query of its still runs, or is out of our sight"


@dataclass(frozen=True, slots=True)
class PidFile:
    """What `postmaster.pid` says. It may be stale: only `running.lock` tells who lives."""

    pid: int
    status: str

    @classmethod
    def parse(cls, text: str) -> "PidFile | None":
        """Read the lines that the postmaster writes; None while it has not written them."""
        lines = text.splitlines()
        if not lines or not lines[0].isdigit():
            return None
        return cls(int(lines[0]), lines[7].strip() if len(lines) > 7 else "")


@dataclass(frozen=True, slots=True)
class Sighting:
    """One look at the server."""

    state: State
    pid: int | None = None
    """The postmaster, where it is known and lives."""

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the postmaster, if there is one."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def look(layout: Layout) -> Sighting:
    """Tell how far the server is. The caller holds `change.lock`.

    The server's processes inherited a lock on `running.lock`, so the kernel itself says whether
    one of them is left, also after kill -9 and where process ids are used again.
    """
    with opened(layout.running) as descriptor:
        if locked(descriptor, SHARED):
            return Sighting(State.GONE)
    found = read_pid_file(layout)
    if found is None:
        return Sighting(State.STARTING)
    if not _lives(found.pid, tag(layout)):
        return Sighting(State.HEADLESS)
    state = {"ready": State.READY, "stopping": State.STOPPING}.get(found.status, State.STARTING)
    return Sighting(state, found.pid)


def read_pid_file(layout: Layout) -> PidFile | None:
    """Read `postmaster.pid`; None where there is none."""
    try:
        return PidFile.parse((layout.data / "postmaster.pid").read_text())
    except FileNotFoundError:
        return None


def tag(layout: Layout) -> str:
    """Return the word that the command lines of this folder's server processes show."""
    with explained(layout.root):
        found = layout.root.stat()
    return f"{_OURS}{found.st_dev:x}-{found.st_ino:x})"


def clear_stale(layout: Layout) -> None:
    """Remove the lock files of a dead server, whose process id may be somebody else's by now.

    The caller holds `running.lock`. A PostgreSQL that was started on this folder without us is
    spared: then the new one finds its lock file, refuses to start and says why.
    """
    clear_socket(layout)
    found = read_pid_file(layout)
    if found is None:
        return
    command, shown = _shown(found.pid)
    # A dead process that nobody has collected shows its name and no command line.
    foreign = command == "postgres" and shown and _OURS not in shown
    if command and not foreign:
        (layout.data / "postmaster.pid").unlink(missing_ok=True)


def clear_socket(layout: Layout) -> None:
    """Remove a dead server's socket and the lock file beside it."""
    with explained(layout.socket):
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (layout.socket / name).unlink(missing_ok=True)


def kill_remains(layout: Layout) -> None:
    """Kill what a killed postmaster left behind: a long query would hold the folder for hours.

    Only Linux shows us which processes these are; elsewhere we wait for the query's end. Where a
    postmaster is among them nothing is left behind: it runs in a container, under another id.
    """
    word = tag(layout)
    pids = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    processes = {pid: shown for pid in pids if word in (shown := _shown(pid)[1])}
    if all(shown.startswith("postgres: ") for shown in processes.values()):
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


async def shut_down(layout: Layout, seconds: float) -> None:
    """Stop the server: politely, then at once, then by force; StartError if it outlives that.

    Nothing committed is lost by the harder ways: the next start replays the log.
    """
    if look(layout).state is State.GONE:
        return
    steps = ((signal.SIGINT, 0.7), (signal.SIGQUIT, 0.2), (signal.SIGKILL, 0.1))
    for number, share in steps:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds * share):
                await _ended(layout, number)
                _forget_socket(layout)
                return
    raise StartError(f"PostgreSQL in {layout.root} did not stop: end its processes by hand")


def _forget_socket(layout: Layout) -> None:
    """Leave nothing under /tmp; in our own folder the socket's folder may stay."""
    if layout.socket.parent != layout.root:
        clear_socket(layout)
        with suppress(OSError):
            layout.socket.rmdir()


async def _ended(layout: Layout, number: signal.Signals) -> None:
    told = None
    while (seen := look(layout)).state is not State.GONE:
        if seen.pid != told:
            seen.signal(number)
            told = seen.pid
        if seen.state is State.HEADLESS:
            kill_remains(layout)
        await asyncio.sleep(TICK)


def _lives(pid: int, word: str) -> bool:
    command, shown = _shown(pid)
    if command:
        # Not so where the id is used again, where nobody has collected the dead process, and where
        # the server runs in another container.
        return command == "postgres" and word in shown
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _shown(pid: int) -> tuple[str, str]:
    """Return the name and the command line of a process, empty where there is none to see."""
    folder = Path(f"/proc/{pid}")
    try:
        command, shown = (folder / "comm").read_bytes(), (folder / "cmdline").read_bytes()
    except OSError:
        return "", ""
    return command.decode(errors="replace").strip(), shown.decode(errors="replace")
