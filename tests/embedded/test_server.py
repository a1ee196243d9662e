"""What a folder's server is: safe, modest, closed to others, whatever the folder is called."""

import asyncio
import os
import pwd
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from exporters.embedded import EmbeddedServer
from exporters.embedded.folder import Layout
from tests.embedded.commands import (
    Command,
    as_root,
    environment,
    identity,
    on_linux,
    postmasters,
    python_for,
)
from tests.embedded.fixtures import scratch_folder


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may use."""
    with scratch_folder() as folder:
        folder.chmod(0o777)
        yield folder


async def value(dsn: str, statement: str) -> object:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        row = await (await connection.execute(statement)).fetchone()
    return row[0] if row else None


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def owner(path: Path) -> str:
    return pwd.getpwuid(path.stat().st_uid).pw_name


def move(folder: Path, target: Path) -> None:
    target.parent.mkdir(parents=True)
    folder.rename(target)


async def test_a_new_folder_gives_a_durable_server_that_does_not_listen_on_tcp(
    open_folder: Path,
) -> None:
    wanted = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "shared_buffers": "128MB",
        "jit": "off",
        "TimeZone": "UTC",
    }
    async with EmbeddedServer(open_folder / "new" / "data") as server:
        dsn = server.dsn("postgres")
        assert {name: await value(dsn, f"SHOW {name}") for name in wanted} == wanted
        assert await value(dsn, "SELECT lower('ÄÖ')") == "äö"
        assert await value(dsn, "SELECT count(*) FROM pg_hba_file_rules") == 1


async def test_a_database_is_created_once_however_many_ask(data_dir: Path) -> None:
    async with EmbeddedServer(data_dir) as server:
        await asyncio.gather(*(server.create_database() for _ in range(3)))
        await asyncio.gather(*(server.create_database('odd "name"') for _ in range(3)))
        assert await value(server.dsn(), "SELECT current_database()") == "nearfield"
        assert await value(server.dsn('odd "name"'), "SELECT 1") == 1


async def test_the_reader_reads_every_table_and_writes_none(data_dir: Path) -> None:
    async with EmbeddedServer(data_dir) as server:
        await server.create_database()
        await asyncio.gather(*(server.create_reader() for _ in range(3)))
        async with await psycopg.AsyncConnection.connect(server.dsn()) as owner:
            await owner.execute("CREATE SCHEMA later")
            await owner.execute("CREATE TABLE later.shows AS SELECT 12 AS n")
        reader = server.dsn(role="nearfield_reader")
        assert await value(reader, "SELECT n FROM later.shows") == 12
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await value(reader, "DELETE FROM later.shows RETURNING n")


async def test_the_dsn_is_known_before_the_server_runs(data_dir: Path) -> None:
    server = EmbeddedServer(data_dir)
    early = server.dsn("postgres")
    async with server:
        assert server.dsn("postgres") == early
        assert await value(early, "SELECT 1") == 1


@pytest.mark.parametrize("name", ["a b'c\"d\\e", "naïve, with a comma", "deep/" * 25, "%s{x}$HOME"])
async def test_any_name_of_a_folder_will_do(data_dir: Path, name: str) -> None:
    odd = data_dir.parent / name / "x"
    move(data_dir, odd)
    socket = Layout.under(odd).socket
    async with EmbeddedServer(odd) as server:
        assert await value(server.dsn("postgres"), "SELECT 1") == 1
        assert mode(socket) == 0o700
        async with EmbeddedServer(odd) as second:
            assert await value(second.dsn("postgres"), "SELECT 1") == 1
    assert odd in socket.parents or not socket.exists()


async def test_a_link_to_the_folder_leads_to_the_same_server(data_dir: Path) -> None:
    link = data_dir.with_name("link")
    link.symlink_to(data_dir)
    async with EmbeddedServer(data_dir) as server, EmbeddedServer(link) as second:
        assert server.dsn() == second.dsn()
        assert len(postmasters(data_dir)) == 1


async def test_folders_that_were_there_keep_their_mode_and_owner(open_folder: Path) -> None:
    above = open_folder / "above"
    above.mkdir()
    above.chmod(0o751)
    before = above.stat()
    async with EmbeddedServer(above / "made" / "data"):
        pass
    after = above.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )


@as_root
@on_linux
async def test_root_works_in_a_folder_that_only_root_may_pass(data_dir: Path) -> None:
    closed = data_dir.parent
    assert (mode(closed), owner(closed)) == (0o700, "root")
    async with EmbeddedServer(data_dir) as server:
        assert await value(server.dsn("postgres"), "SELECT 1") == 1
        assert owner(Path(f"/proc/{postmasters(data_dir)[0]}")) == "nobody"
    assert mode(closed) == 0o700


@as_root
async def test_in_a_users_folder_root_runs_the_server_as_that_user(open_folder: Path) -> None:
    theirs = open_folder / "theirs"
    theirs.mkdir()
    os.chown(theirs, pwd.getpwnam("daemon").pw_uid, -1)
    async with EmbeddedServer(theirs):
        command = await Command.start(theirs, user="daemon")
        assert await command.attached() == postmasters(theirs)[0]
        await command.leave()
    command = await Command.start(theirs, user="daemon")
    await command.attached()
    await command.leave()
    assert postmasters(theirs) == []


@as_root
async def test_an_ordinary_user_needs_no_root(open_folder: Path) -> None:
    folder = open_folder / "own" / "data"
    command = await Command.start(folder, user="daemon")
    pid = await command.attached()
    assert mode(folder) == 0o700
    async with EmbeddedServer(folder):
        assert postmasters(folder) == [pid]
    await command.leave()
    assert postmasters(folder) == []


@as_root
async def test_another_user_neither_reaches_the_socket_nor_is_believed(data_dir: Path) -> None:
    data_dir.parent.chmod(0o711)
    socket = Layout.under(data_dir).socket
    async with EmbeddedServer(data_dir) as server:
        assert mode(socket) == 0o700
        assert "Permission denied" in connecting_as("daemon", server)
        socket.chmod(0o755)
        (socket / ".s.PGSQL.5432").chmod(0o777)
        for user in ("daemon", "nobody"):
            assert "Peer authentication failed" in connecting_as(user, server)


def connecting_as(user: str, server: EmbeddedServer) -> str:
    """Return what another user hears who tries to connect."""
    connect = "import sys, psycopg; psycopg.connect(sys.argv[1])"
    refused = subprocess.run(
        [python_for(user), "-c", connect, server.dsn("postgres")],
        cwd="/",
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        **identity(user),
    )
    return str(refused.stderr)
