"""Whatever is killed, whenever: the next start works, with all that was committed."""

import asyncio
import logging
import os
import random
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from exporters.core.errors import StartError
from exporters.embedded import EmbeddedServer
from exporters.embedded.account import account_for
from exporters.embedded.folder import Layout
from exporters.embedded.postmaster import PidFile, State, look
from tests.embedded.commands import SEEDS, SOAK, Command, on_linux, one_line, postmasters, until
from tests.embedded.fixtures import scratch_folder


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_start_that_was_killed_at_any_moment_harms_nothing(seed: int) -> None:
    chance = random.Random(seed)
    with scratch_folder() as folder:
        data_dir = folder / "data"
        for _ in range(4 if SOAK else 2):
            command = await Command.start(data_dir)
            await asyncio.sleep(chance.uniform(0.2, 1.8))
            await command.kill()
        async with EmbeddedServer(data_dir) as server:
            assert len(postmasters(data_dir)) == 1
            assert await answers(server)
        assert postmasters(data_dir) == []


async def test_a_start_that_is_told_to_stop_leaves_nothing_behind() -> None:
    with scratch_folder() as folder:
        for moment in ("data.new", "data", "data/postmaster.pid"):
            layout = Layout.under(folder / "data")
            command = await Command.start(folder / "data")
            await until((layout.root / moment).exists, f"a start that made {moment}")
            command.process.terminate()
            assert "cancelled" in await command.errors()
            assert look(layout).state is State.GONE
            assert postmasters(folder / "data") == []
        async with EmbeddedServer(folder / "data") as server:
            assert await answers(server)


async def test_a_server_that_dies_is_started_again(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="exporters.embedded")
    async with EmbeddedServer(data_dir) as server, watched(server):
        [pid] = postmasters(data_dir)
        os.kill(pid, signal.SIGKILL)
        await until_another(data_dir, pid)
        await until(lambda: len(caplog.messages) == 2, "both lines")
        assert await answers(server)
    assert [message.rpartition(" ")[2] for message in caplog.messages] == ["again", "back"]
    assert postmasters(data_dir) == []


async def test_the_watch_goes_over_to_those_who_stay(data_dir: Path) -> None:
    starter = await Command.start(data_dir)
    pid = await starter.attached()
    other = await Command.start(data_dir)
    await other.attached()
    await starter.leave()
    os.kill(pid, signal.SIGKILL)
    await until_another(data_dir, pid)
    await other.leave()
    assert postmasters(data_dir) == []


@on_linux
async def test_a_query_that_outlives_its_postmaster_does_not_hold_up_the_next(
    data_dir: Path,
) -> None:
    async with EmbeddedServer(data_dir) as server, watched(server):
        [pid] = postmasters(data_dir)
        connection = await psycopg.AsyncConnection.connect(server.dsn("postgres"))
        endless = (
            "SELECT sum(a * b) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"
        )
        query = asyncio.create_task(connection.execute(endless))
        await until_busy(server)
        os.kill(pid, signal.SIGKILL)
        await until_another(data_dir, pid)
        assert await answers(server)
        with pytest.raises(psycopg.OperationalError):
            await query
        await connection.close()


async def test_a_server_that_cannot_come_back_is_reported_once_and_tried_again(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = Layout.under(data_dir).data
    async with EmbeddedServer(data_dir) as server, watched(server):
        [pid] = postmasters(data_dir)
        (data / "PG_VERSION").rename(data / "hidden")
        os.kill(pid, signal.SIGKILL)
        await until(lambda: len(caplog.messages) == 2, "the reason")
        await asyncio.sleep(1.5)
        (data / "hidden").rename(data / "PG_VERSION")
        await until_another(data_dir, pid)
        assert await answers(server)
    died, reason = caplog.messages
    assert "died" in died
    assert "holds no PostgreSQL data" in reason


async def test_a_server_that_is_stopping_is_awaited_and_started_again(data_dir: Path) -> None:
    async with EmbeddedServer(data_dir) as server:
        [pid] = postmasters(data_dir)
        async with await psycopg.AsyncConnection.connect(server.dsn("postgres")):
            os.kill(pid, signal.SIGTERM)  # Waits for the client, who does not leave.
            await until(lambda: look(Layout.under(data_dir)).state is State.STOPPING, "stopping")
            async with EmbeddedServer(data_dir):
                assert pid not in postmasters(data_dir)
                assert await answers(server)


@on_linux
async def test_a_process_id_that_is_used_again_does_not_hold_up_the_start(data_dir: Path) -> None:
    layout = Layout.under(data_dir)
    async with EmbeddedServer(data_dir):
        pass
    with another_process(layout) as pid:
        (layout.data / "postmaster.pid").write_text(f"{pid}\n{layout.data}\n1\n5432\n\n\n\nready\n")
        (layout.socket / ".s.PGSQL.5432.lock").write_text(f"{pid}\n")
        async with EmbeddedServer(data_dir) as server:
            assert await answers(server)


@on_linux
async def test_a_server_that_somebody_else_started_on_the_data_is_not_touched(
    data_dir: Path,
) -> None:
    layout = Layout.under(data_dir)
    async with EmbeddedServer(data_dir):
        [pid] = postmasters(data_dir)
        program = os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115  nothing waits here
    with foreign_server(layout, program) as process:
        with pytest.raises(StartError) as refused:
            async with EmbeddedServer(data_dir):
                pass
        assert "lock file" in one_line(refused)
        assert process.poll() is None
        assert (layout.data / "postmaster.pid").exists()


def test_the_pid_file_is_read_at_every_stage_of_its_writing() -> None:
    lines = "4711\n/data\n1795377659\n5432\n/socket\n\n  9977899        10\nready   \n"
    assert PidFile.parse("") is None
    assert PidFile.parse("47") == PidFile(47, "")
    assert PidFile.parse(lines[:30]) == PidFile(4711, "")
    assert PidFile.parse(lines) == PidFile(4711, "ready")


async def answers(server: EmbeddedServer) -> bool:
    """Tell whether the server does what it is asked."""
    async with await psycopg.AsyncConnection.connect(server.dsn("postgres")) as connection:
        row = await (await connection.execute("SELECT 1")).fetchone()
    return row == (1,)


async def until_another(data_dir: Path, pid: int) -> None:
    """Wait until a server runs that is not `pid`, and takes connections."""

    def ready() -> bool:
        found = look(Layout.under(data_dir))
        return found.state is State.READY and found.pid != pid

    await until(ready, "another server")


async def until_busy(server: EmbeddedServer) -> None:
    """Wait until a query computes, rather than waits."""
    busy = "SELECT FROM pg_stat_activity WHERE query LIKE '%sum(a%' AND pid <> pg_backend_pid()"
    async with await psycopg.AsyncConnection.connect(
        server.dsn("postgres"), autocommit=True
    ) as connection:
        async with asyncio.timeout(10):
            while not (await connection.execute(busy)).rowcount:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def watched(server: EmbeddedServer) -> AsyncIterator[None]:
    """Let the server's own watch run meanwhile, as the application does."""
    watch = asyncio.create_task(server.run())
    try:
        yield
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


@contextmanager
def another_process(layout: Layout) -> Iterator[int]:
    """Run something else as the account of the server."""
    process = subprocess.Popen(["sleep", "60"], cwd="/", **account_for(layout).options())
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


@contextmanager
def foreign_server(layout: Layout, program: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a PostgreSQL on the data folder as an administrator might, without us."""
    descriptor = os.open(layout.root, os.O_PATH)
    root = f"/proc/self/fd/{descriptor}"
    process = subprocess.Popen(
        [
            program,
            "-D",
            f"{root}/data",
            "-c",
            "listen_addresses=",
            "-k",
            f"{root}/socket",
            "-p5433",
        ],
        pass_fds=(descriptor,),
        cwd="/",
        stderr=subprocess.DEVNULL,
        **account_for(layout).options(),
    )
    try:
        while "ready" not in pid_file(layout):
            assert process.poll() is None
        yield process
    finally:
        os.close(descriptor)
        process.send_signal(signal.SIGINT)
        process.wait()


def pid_file(layout: Layout) -> str:
    with suppress(FileNotFoundError):
        return (layout.data / "postmaster.pid").read_text()
    return ""
