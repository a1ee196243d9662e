"""Processes of the demo's own, which end when it does, whatever ends it."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from exporters.core import log
from exporters.core.errors import NearfieldError

_PATIENCE = 3.0
"""Seconds from SIGTERM to SIGKILL."""


@asynccontextmanager
async def child(
    module: str, *arguments: str, words: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a module as a process, what it says going to a file; leaving ends it.

    Its standard input stays open for as long as the demo lives, and nothing comes from there.
    """
    with words.open("wb") as output:
        # Out of the terminal's group: Ctrl-C reaches the demo, which ends it in order.
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        await end(process)


async def end(process: asyncio.subprocess.Process) -> None:
    """End a process politely, or else by force; one that is gone already is fine."""
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_PATIENCE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def deserted() -> None:
    """Wait, in a process that `child` started, until the demo is gone."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    await reader.read()


def carry_out(work: Coroutine[Any, Any, None]) -> int:
    """Do what a process is there for, and return its exit code."""
    log.configure("ERROR")
    try:
        asyncio.run(work)
    except NearfieldError as error:
        sys.stderr.write(f"nearfield: {error}\n")
        return 1
    return 0
