"""Debian's `docker-registry` on a free port, with images that the tests upload by HTTP."""

import base64
import hashlib
import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import bcrypt
import yaml

from tests.programs import program

USER, PASSWORD = "nearfield", "sesame-öffne-dich"
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"


@dataclass(frozen=True)
class Hub:
    """A registry that runs; `token` is what uploads authorize themselves with."""

    address: str
    scheme: str = "http"
    authorization: str = ""

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.address}"

    async def push(self, repository: str, tag: str, content: str) -> str:
        """Upload an image without layers, and return its digest."""
        config = json.dumps({"architecture": "amd64", "os": "linux", "author": content}).encode()
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": {"mediaType": _CONFIG, "size": len(config), "digest": digest(config)},
                "layers": [],
            }
        ).encode()
        headers = {"Authorization": self.authorization} if self.authorization else {}
        async with aiohttp.ClientSession(headers=headers) as session:
            uploads = f"{self.url}/v2/{repository}/blobs/uploads/"
            async with session.post(uploads, ssl=False) as response:
                assert response.status == 202, await response.text()
                place = response.headers["Location"]
            done = f"{place}{'&' if '?' in place else '?'}digest={digest(config)}"
            async with session.put(done, data=config, ssl=False) as response:
                assert response.status == 201, await response.text()
            async with session.put(
                f"{self.url}/v2/{repository}/manifests/{tag}",
                data=manifest,
                headers={"Content-Type": _MANIFEST},
                ssl=False,
            ) as response:
                assert response.status == 201, await response.text()
        return digest(manifest)


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def basic(user: str = USER, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def docker_config(file: Path, hub: Hub, password: str = PASSWORD) -> Path:
    """Write what `docker login` would."""
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    file.write_text(json.dumps({"auths": {hub.address: {"auth": auth}}}))
    return file


def htpasswd(file: Path) -> dict[str, Any]:
    """Write the users' file, and return the part of the configuration that names it."""
    file.write_text(f"{USER}:{bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()}\n")
    return {"auth": {"htpasswd": {"realm": "tests", "path": str(file)}}}


@contextmanager
def running_hub(
    folder: Path, *, tls: Mapping[str, str] | None = None, **more: Any
) -> Iterator[Hub]:
    """Run a registry over an empty folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    config = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": address, "secret": "x", **({"tls": tls} if tls else {})},
        **more,
    }
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    command = [program("docker-registry", package="docker-registry"), "serve", "config.yml"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        _wait(address, server, folder / "log")
        scheme = "https" if tls else "http"
        yield Hub(address, scheme, basic() if "htpasswd" in more.get("auth", {}) else "")
    finally:
        server.terminate()
        server.wait(10)


def _wait(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    host, _, port = address.partition(":")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        try:
            socket.create_connection((host, int(port)), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())
