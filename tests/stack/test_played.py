"""The platform that `--profile demo` plays: an app's database, and its listeners."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import InsufficientPrivilege

from exporters.embedded import EmbeddedServer
from tests.answering import answering
from tests.e2e.processes import until
from tests.embedded.fixtures import data_dir, initialized_folder, run_apart
from tests.stack.composed import ROOT, shell

__all__ = ["data_dir", "initialized_folder"]

pytestmark = [pytest.mark.soak, pytest.mark.long]
SECRET = "a secret"


@pytest.fixture
def app(data_dir: Path, tmp_path: Path) -> Iterator[EmbeddedServer]:
    """The database of the app as the stack makes it."""
    for name in ("app_password", "fastly_token"):
        (tmp_path / name).write_text(SECRET)
    server = EmbeddedServer(data_dir)
    run_apart(server.__aenter__())
    try:
        shell(server, tmp_path, (ROOT / "stack" / "postgres" / "app.sh").read_text())
        yield server
    finally:
        run_apart(server.__aexit__(None, None, None))


def test_listeners_are_heard_and_nearfield_may_only_read(
    app: EmbeddedServer, tmp_path: Path
) -> None:
    address = conninfo_to_dict(app.dsn("app"))
    environ = {"SECRETS": str(tmp_path), "ALIVE": str(tmp_path / "alive")}
    taken = []

    def receiver(request: BaseHTTPRequestHandler) -> tuple[int, str]:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        if request.headers["Authorization"] != f"Bearer {SECRET}":
            return 401, ""
        taken.append(body)
        return 200, ""

    with answering(receiver) as host:
        script, url = ROOT / "stack/demo/listeners.py", f"http://{host}/ingest/fastly"
        listeners = subprocess.Popen(
            [sys.executable, str(script), str(address["host"]), url],
            env={**os.environ, **environ, "PGPORT": str(address["port"])},
            cwd=ROOT,
        )
        try:
            until((tmp_path / "alive").exists, "they give a sign of life", 120)
        finally:
            listeners.send_signal(signal.SIGTERM)
            assert listeners.wait(20) == 0
    assert any(taken)
    with psycopg.connect(app.dsn("app", role="nearfield_reader")) as reader:
        assert reader.execute("SELECT count(*) FROM podcasts").fetchall() == [(12,)]
        with pytest.raises(InsufficientPrivilege):
            reader.execute("DELETE FROM podcasts")
