"""The way to the Docker engine: a real HAProxy with the stack's rules, before a socket."""

import http.client
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.alerts.stack import process
from tests.e2e.processes import free_port, get, until
from tests.programs import program
from tests.stack.composed import ROOT

ID = "0a1b2c3d4e5f"


class Engine(BaseHTTPRequestHandler):
    """Would do anything that it is told."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"OK")

    do_POST = do_DELETE = do_PUT = do_GET  # noqa: N815 - names of the standard library

    def address_string(self) -> str:
        return "a socket"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a proxy that has an engine behind it."""
    folder = tmp_path_factory.mktemp("proxy")
    haproxy = program("haproxy", package="haproxy")
    socket, port = folder / "docker.sock", free_port()
    text = (ROOT / "stack" / "haproxy.cfg").read_text()
    assert "/var/run/docker.sock" in text
    text = text.replace("/var/run/docker.sock", str(socket)).replace(
        "bind :2375", f"bind 127.0.0.1:{port}"
    )
    file = folder / "haproxy.cfg"
    file.write_text(text)
    server = socketserver.ThreadingUnixStreamServer(str(socket), Engine)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with process(Path(folder), haproxy, "-f", str(file)):
            until(lambda: get(f"http://127.0.0.1:{port}/_ping")[0] == 200, "the proxy is up")
            yield port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def status(port: int, method: str, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    "path",
    [
        *("/_ping", "/v1.52/version", "/info", "/v1.47/events?since=1&filters=%7B%7D"),
        *("/v1.47/containers/json?all=1", f"/v1.47/containers/{ID}/json"),
        *(f"/v1.47/containers/{ID}/stats?stream=false", f"/containers/{ID}/logs?follow=1"),
        *("/v1.47/images/sha256:0a1b/json", "/images/ghcr.io/a/b@sha256:0a1b/json"),
        *("/v1.47/services?status=true", "/v1.47/tasks?filters=%7B%7D", "/nodes"),
    ],
)
def test_what_nearfield_asks_for_goes_through(proxy: int, path: str) -> None:
    assert status(proxy, "GET", path) == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(
            ("POST", f"/v1.47/containers/{what}")
            for what in ("create", f"{ID}/start", f"{ID}/exec")
        ),
        *(("DELETE", f"/containers/{ID}"), ("POST", "/images/create"), ("POST", "/v1.47/build")),
        *(("PUT", f"/containers/{ID}/archive?path=/"), ("GET", f"/containers/{ID}/archive?path=/")),
        *(("GET", f"/containers/{ID}/export"), ("GET", f"/containers/{ID}/attach/ws")),
        *(("GET", "/secrets"), ("GET", "/configs"), ("GET", "/swarm/unlockkey"), ("GET", "/")),
        *(("GET", "/volumes"), ("GET", f"/containers/{ID}/../../secrets/json")),
        *(("GET", f"/containers/{ID}%2farchive/json"), ("POST", "/containers/json")),
        *(("GET", "/images/get"), ("GET", f"/images/x/../../containers/{ID}/export/json")),
    ],
)
def test_anything_else_is_refused(proxy: int, method: str, path: str) -> None:
    assert status(proxy, method, path) == 403
