"""Several commands on one folder: one server, for as long as any of them is there."""

import asyncio
import os
import random
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from exporters.core.errors import StartError
from exporters.embedded import EmbeddedServer, exclusive
from exporters.embedded.folder import Layout
from exporters.embedded.locks import EXCLUSIVE, locked, opened
from tests.embedded.commands import SEEDS, Command, as_root, on_linux, one_line, postmasters

Starter = Callable[[], Awaitable[Command]]


@pytest.fixture
async def start(data_dir: Path) -> AsyncIterator[Starter]:
    """Start commands on `data_dir`; those that are left at the end are killed."""
    commands: list[Command] = []

    async def start() -> Command:
        command = await Command.start(data_dir)
        commands.append(command)
        return command

    yield start
    for command in commands:
        await command.kill()


async def test_the_first_to_leave_leaves_the_server_to_the_others(
    data_dir: Path, start: Starter
) -> None:
    first, second = await start(), await start()
    pid = await first.attached()
    assert await second.attached() == pid
    await first.leave()
    async with (
        EmbeddedServer(data_dir) as server,
        await psycopg.AsyncConnection.connect(server.dsn("postgres")) as connection,
    ):
        await second.leave()
        await connection.execute("SELECT 1")
        assert postmasters(data_dir) == [pid]
    assert postmasters(data_dir) == []


async def test_a_killed_command_neither_stops_the_server_nor_keeps_it(
    data_dir: Path, start: Starter
) -> None:
    starter, other = await start(), await start()
    pid = await starter.attached()
    await other.attached()
    await starter.kill()
    assert postmasters(data_dir) == [pid]
    await other.leave()
    assert postmasters(data_dir) == []


async def test_a_server_whose_command_was_killed_is_used_by_the_next(
    data_dir: Path, start: Starter
) -> None:
    command = await start()
    pid = await command.attached()
    dsn = EmbeddedServer(data_dir).dsn("postgres")
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    await command.kill()
    async with EmbeddedServer(data_dir):
        assert postmasters(data_dir) == [pid]
        assert await kept(dsn) == 7
    assert postmasters(data_dir) == []


async def test_what_was_committed_outlives_the_kill_of_everything(
    data_dir: Path, start: Starter
) -> None:
    command = await start()
    pid = await command.attached()
    dsn = EmbeddedServer(data_dir).dsn("postgres")
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        await connection.commit()
        await command.kill()
        os.kill(pid, signal.SIGKILL)
    async with EmbeddedServer(data_dir):
        assert postmasters(data_dir) != [pid]
        assert await kept(dsn) == 7


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS)
async def test_commands_come_leave_and_are_killed_in_any_order(
    data_dir: Path, start: Starter, seed: int
) -> None:
    chance = random.Random(seed)
    async with never_two_postmasters(data_dir):
        here: list[Command] = []
        for _ in range(4):
            coming = [await start() for _ in range(chance.randint(1, 3 - len(here) or 1))]
            pids = await asyncio.gather(*(command.attached() for command in coming))
            assert len(set(pids)) == 1
            here += coming
            chance.shuffle(here)
            ends = [here.pop() for _ in range(chance.randint(1, len(here)))]
            await asyncio.gather(*(chance.choice((one.leave, one.kill))() for one in ends))
            assert len(postmasters(data_dir)) == 1 or not here
        last = await start()
        await last.attached()
        await asyncio.gather(*(command.leave() for command in (*here, last)))
    assert postmasters(data_dir) == []


async def test_the_server_is_out_of_reach_of_the_terminal(data_dir: Path, start: Starter) -> None:
    command = await start()
    pid = await command.attached()
    assert os.getsid(pid) != os.getsid(command.process.pid)
    assert os.getpgid(pid) != os.getpgid(command.process.pid)


@as_root
@on_linux
async def test_a_command_in_another_container_shares_the_server(data_dir: Path) -> None:
    container = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
    if subprocess.run([*container, "true"], check=False).returncode:  # noqa: ASYNC221  at once
        pytest.skip("this system does not let us make a namespace")
    async with EmbeddedServer(data_dir):
        pids = postmasters(data_dir)
        command = await Command.start(data_dir, within=container)
        await command.attached()
        await asyncio.sleep(1.2)  # Its watch looks twice, and must not take the server for dead.
        await command.leave()
        assert postmasters(data_dir) == pids
    assert postmasters(data_dir) == []


async def test_the_servers_processes_hold_the_lock_that_says_so(data_dir: Path) -> None:
    running = Layout.under(data_dir).running
    with opened(running) as descriptor:
        async with EmbeddedServer(data_dir):
            assert not locked(descriptor, EXCLUSIVE)
        assert locked(descriptor, EXCLUSIVE)


async def test_a_second_run_on_a_folder_hears_so_in_one_line(tmp_path: Path) -> None:
    with exclusive(tmp_path / "new"):
        with pytest.raises(StartError) as refused, exclusive(tmp_path / "new"):
            pass
        assert "another nearfield works on" in one_line(refused)
    with exclusive(tmp_path / "new"):
        pass


async def test_a_command_waits_its_turn_and_not_for_ever(data_dir: Path) -> None:
    with opened(Layout.under(data_dir).change) as descriptor:
        assert locked(descriptor, EXCLUSIVE)
        with pytest.raises(StartError) as refused:
            async with EmbeddedServer(data_dir, start_timeout=0.2):
                pass
        assert "starts or stops" in one_line(refused)


@asynccontextmanager
async def never_two_postmasters(data_dir: Path) -> AsyncIterator[None]:
    """Watch the folder meanwhile; fail if it ever has two servers."""

    async def watch() -> None:
        while True:
            assert len(postmasters(data_dir)) < 2
            await asyncio.sleep(0.1)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert watching.cancelled()


async def kept(dsn: str) -> int:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        row = await (await connection.execute("SELECT n FROM kept")).fetchone()
    assert row
    return int(row[0])
