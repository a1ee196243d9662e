"""Containers write while we, Loki and the engine are killed: each line they have is in Loki once.

Short in `make test`, two minutes in `make soak`. The engine restarts with live-restore, so that the
containers go on.
"""

import asyncio
import multiprocessing
import os
import random
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.docker.engine import Engine, started_engine
from tests.logs.live.following import Follow
from tests.loki.door import Door, cut_after, cut_before, status
from tests.loki.reading import Reader
from tests.programs import program

SOAK = bool(os.environ.get("NEARFIELD_TEST_SOAK"))
SECONDS = 120 if SOAK else 4
CONTAINERS = 20 if SOAK else 3
PATIENCE = 200.0  # after a failure the sink waits a minute, and then there is much to bring
SCRIPT = (
    "i=0; while [ ! -e /stop ]; do i=$((i+1)); echo {name} $i;"
    " [ $((i % 7)) -ne 0 ] || echo {name} err $i >&2; sleep 0.0$((i % 3 + 2)); done"
)


@pytest.fixture
def restoring() -> Iterator[Engine]:
    """An engine whose containers outlive it."""
    yield from started_engine("--live-restore")


@pytest.fixture
async def door_for_all(backend: str) -> AsyncIterator[Door]:
    async with Door(backend) as door:
        yield door


def follow(engine: str, url: str, folder: Path) -> None:
    """Follow until killed."""

    async def forever() -> None:
        follow = Follow(engine, url, folder)
        await follow.start(batch_age="500ms")
        await follow.ended()

    asyncio.run(forever())


def process(*arguments: Any) -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    made = context.Process(target=follow, args=arguments)
    made.start()
    return made


def labels(service: str) -> tuple[str, str]:
    return ("--label", f"com.docker.compose.service={service}")


def logged(engine: Engine, name: str) -> list[str]:
    """Return the lines of both streams that the engine holds of a container."""
    command = [program("docker", package="docker.io"), "-H", engine.host, "logs", name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [*done.stdout.splitlines(), *done.stderr.splitlines()]


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 400)
async def test_each_line_that_docker_logs_holds_is_in_loki_exactly_once(
    restoring: Engine, door_for_all: Door, backend: str, service: str, tmp_path: Path
) -> None:
    door, dice = door_for_all, random.Random(11)
    names = [f"{service}-{n}" for n in range(CONTAINERS)]
    for name in names:
        await restoring.run(name, SCRIPT.format(name=name), *labels(name))
    arguments = (restoring.host, door.url, tmp_path)
    running = process(*arguments)
    begun, restarted = monotonic(), 0.0
    while monotonic() - begun < SECONDS:
        await asyncio.sleep(dice.uniform(0.3, 1.5))
        what = dice.choice(["kill", "loki", "loki", "engine"])
        assert running.is_alive()
        if what == "kill":
            running.kill()
            await asyncio.to_thread(running.join)
            running = process(*arguments)
        elif what == "loki":
            door.always = dice.choice([None, status(503), cut_after, cut_before])
        elif monotonic() - restarted > SECONDS / 6:
            await asyncio.to_thread(restoring.stop, signal.SIGTERM)
            await asyncio.to_thread(restoring.start)
            restarted = monotonic()
    door.always = None
    assert restarted
    try:
        for name in names:
            # The container may end, and this process of it, before it can say how it went.
            with suppress(AssertionError):
                await restoring.do("exec", name, "touch", "/stop")
        # One after the other: to ask for thousands of lines all the time keeps a Loki from others.
        for name in names:
            await same(restoring, backend, name)
    finally:
        running.kill()
        running.join()


async def same(engine: Engine, backend: str, name: str) -> None:
    """Wait until Loki has as many lines as the engine; fail where they are not the same."""
    await engine.do("wait", name)
    wanted = Counter(await asyncio.to_thread(logged, engine, name))
    reader = Reader(backend, name)
    until = monotonic() + PATIENCE
    while sum(wanted.values()) > len(texts := await reader.texts()) and monotonic() < until:
        await asyncio.sleep(1)
    found = Counter(texts)
    lost, more = [*(wanted - found)], [*(found - wanted)]
    assert (lost, more) == ([], []), f"{name}: {len(lost)} and {len(more)} of {len(texts)}"
    assert len(wanted) > 10
