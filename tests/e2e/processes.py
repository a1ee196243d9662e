"""Nearfield and a Prometheus as real processes on free ports, ended by the test that began them."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from tests.programs import program

PATIENCE = 30.0


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Return the first true answer of `condition`, asked again and again."""
    deadline = monotonic() + patience
    while not (answer := condition()):
        assert monotonic() < deadline, f"not within {patience:g} s: {what}"
        sleep(0.05)
    return answer


def get(url: str) -> tuple[int, str]:
    """Return status and text; status 0 where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


@dataclass(frozen=True)
class Nearfield:
    process: subprocess.Popen[bytes]
    url: str
    log_file: Path

    def ready(self) -> bool:
        """Whether it says so; fails at once where the process is gone."""
        assert self.process.poll() is None, self.log()
        return get(f"{self.url}/readyz")[0] == 200

    def readiness(self) -> Mapping[str, Any]:
        """Return the sources of the downloads exporter by name."""
        status, text = get(f"{self.url}/readyz?format=json")
        sources: Mapping[str, Any] = json.loads(text)["exporters"]["downloads"] if status else {}
        return sources

    def metrics(self) -> str:
        return get(f"{self.url}/metrics")[1]

    def log(self) -> str:
        return self.log_file.read_text()


@contextmanager
def nearfield(
    folder: Path, settings: str, *exporters: str, environment: Mapping[str, str] | None = None
) -> Iterator[Nearfield]:
    """Run `nearfield run`; at the end it must stop by SIGTERM with exit 0."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    file = folder / "nearfield.toml"
    file.write_text(f'data_dir = "data"\n[web]\nlisten = "127.0.0.1:{port}"\n{settings}')
    log_file = folder / "nearfield.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "exporters", "run", *exporters, "--config", str(file)],
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
    running = Nearfield(process, f"http://127.0.0.1:{port}", log_file)
    try:
        yield running
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0, running.log()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


@dataclass(frozen=True)
class Prometheus:
    url: str

    def query(self, promql: str) -> dict[tuple[tuple[str, str], ...], float]:
        """Return an instant vector: values by their sorted labels, without job and instance."""
        status, text = get(f"{self.url}/api/v1/query?query={urllib.parse.quote(promql)}")
        assert status == 200, text
        return {
            tuple(sorted((k, v) for k, v in each["metric"].items() if k not in NOT_OURS)): float(
                each["value"][1]
            )
            for each in json.loads(text)["data"]["result"]
        }


NOT_OURS = {"__name__", "job", "instance"}


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes `target` (host:port) every second."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        f'scrape_configs: [{{job_name: nearfield, static_configs: [{{targets: ["{target}"]}}]}}]\n'
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                program("prometheus", package="prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    running = Prometheus(f"http://127.0.0.1:{port}")
    try:
        until(lambda: get(f"{running.url}/-/ready")[0] == 200, "Prometheus is up")
        yield running
    finally:
        process.terminate()
        process.wait(10)
