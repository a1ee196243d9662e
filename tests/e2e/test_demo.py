import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.processes import Prometheus, get, until
from tests.programs import program


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data_dir that both tests use: the second finds the sample of the first."""
    program("prometheus", package="prometheus")
    return tmp_path_factory.mktemp("demo")


def demo(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "exporters", "demo", "--data-dir", str(folder), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def processes(folder: Path) -> list[str]:
    """Return the commands of processes that have the folder in their arguments."""
    done = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return [
        line for line in done.stdout.splitlines() if str(folder) in line and "ps -eo" not in line
    ]


def test_once_ends_with_0_when_every_exporter_has_served_data(folder: Path) -> None:
    process = demo(folder, "--once")
    output, _ = process.communicate(timeout=100)
    assert process.returncode == 0, output
    assert re.search(r"sample data +12 shows, [\d,]+ episodes, [\d,]+ rows", output)
    assert re.search(r"Nearfield +http://127\.0\.0\.1:\d+/  \([\d,]+ series on /metrics\)", output)
    assert re.search(r"Prometheus +http://127\.0\.0\.1:\d+/", output)
    assert processes(folder) == []


def test_ctrl_c_ends_the_demo_and_its_neighbours(folder: Path) -> None:
    process = demo(folder)
    assert process.stdout
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C ends all of it" in line:
            break
    addresses = dict(re.findall(r"(\w+) +(http://\S+)/", "".join(lines)))
    asked = Prometheus(addresses["Prometheus"])
    until(lambda: asked.query("podcast_all_time_downloads"), "Prometheus has scraped the demo")
    assert get(f"{addresses['Nearfield']}/readyz")[0] == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0, process.stdout.read()
    process.stdout.close()
    assert processes(folder) == []
