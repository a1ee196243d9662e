"""A command that uses the embedded server until its standard input ends: `attach.py FOLDER`.

It prints `attached` and the postmaster's process id, then `left`; errors as `nearfield` does.
"""

import asyncio
import signal
import sys
from pathlib import Path

from exporters.core.errors import NearfieldError
from exporters.embedded import EmbeddedServer
from exporters.embedded.folder import Layout
from exporters.embedded.postmaster import read_pid_file


async def attach(data_dir: Path) -> None:
    """Attach, watch, and leave when there is nothing more to read."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)
    async with EmbeddedServer(data_dir) as server:
        watch = asyncio.create_task(server.run())
        found = read_pid_file(Layout.under(data_dir))
        print("attached", found.pid if found else None, flush=True)  # noqa: T201  for the test
        await ended.wait()
        watch.cancel()
    print("left", flush=True)  # noqa: T201  for the test


if __name__ == "__main__":
    try:
        asyncio.run(attach(Path(sys.argv[1])))
    except NearfieldError as error:
        sys.exit(f"nearfield: {error}")
    except asyncio.CancelledError:
        sys.exit("nearfield: cancelled")
