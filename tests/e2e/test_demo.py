import fcntl
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.processes import Prometheus, get, until
from tests.programs import program

MOVING = {
    "podcast_downloads_total",
    "podcast_app_downloads_total",
    "podcast_country_downloads_total",
    "podcast_delivered_bytes_total",
    "podcast_delivered_tenths_total",
    "podcast_requests_total",
    "podcast_feed_requests_total",
    "podcast_episode_delivered_tenth_listeners",
    "cdn_requests_total",
    "cdn_response_bytes_total",
    "cdn_request_duration_seconds",
    "cdn_protocol_requests_total",
    "cdn_country_requests_total",
    "cdn_errors_total",
    "cdn_audio_delivery_bytes_per_second",
    "cdn_audio_retransmitted_packets",
    "cdn_audio_round_trip_seconds",
    "cdn_log_lines_total",
    "cdn_log_lag_seconds",
}
OF_BOTH = {
    "podcast_episode_downloads",
    "podcast_episode_listeners",
    "podcast_all_time_downloads",
    "podcast_subscribers",
    "podcast_stats_last_day_timestamp_seconds",
}

RATES = ("sum(rate(podcast_downloads_total[30s]))", "sum(rate(cdn_requests_total[30s]))")


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


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """One demo at a time, whoever runs these tests: all of them begin at the same ports."""
    with (Path(tempfile.gettempdir()) / "nearfield-demo-tests.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_once_ends_with_0_when_every_exporter_has_served_data(folder: Path) -> None:
    process = demo(folder, "--once")
    output, _ = process.communicate(timeout=100)
    assert process.returncode == 0, output
    assert re.search(r"sample data +12 shows, [\d,]+ episodes, [\d,]+ rows", output)
    assert re.search(r"Nearfield +http://127\.0\.0\.1:\d+/  \([\d,]+ series on /metrics\)", output)
    assert re.search(r"Prometheus +http://127\.0\.0\.1:\d+/", output)
    assert processes(folder) == []


@contextmanager
def running(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Start a demo and wait for its last line; give it and its lines, and leave none behind."""
    process = demo(folder, *options)
    assert process.stdout
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C ends all of it" in line:
                break
        yield process, lines
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(20)
        process.stdout.close()


def moved(page: str) -> set[str]:
    """Return the families of a page in which something is not 0."""
    found = re.findall(r"^(\w+?)(?:_count)?(?:\{.*\})? (\S+)$", page, re.MULTILINE)
    return {family for family, value in found if float(value)}


def by_stream(page: str) -> set[str]:
    """Return the families that have a value from the log stream beside the app's."""
    return set(re.findall(r'^(\w+)\{.*source="stream".*\} (?!0\.0$)', page, re.MULTILINE))


def test_every_family_of_the_stream_moves_and_ctrl_c_ends_it_all(folder: Path) -> None:
    with running(folder, "--scenario", "full") as (process, lines):
        addresses = dict(re.findall(r"(\w+) +(http://\S+)/", "".join(lines)))
        asked = Prometheus(addresses["Prometheus"])

        def page() -> str:
            return get(f"{addresses['Nearfield']}/metrics")[1]

        assert get(f"{addresses['Nearfield']}/readyz")[0] == 200
        assert max(map(len, lines)) <= 101, "a line of the screen is one line"
        until(lambda: moved(page()) >= MOVING, "every family moves", 60)
        until(lambda: by_stream(page()) >= OF_BOTH, "app and stream stand side by side", 60)
        for rate in RATES:
            until(partial(asked.query, f"{rate} > 0"), f"{rate} is over 0", 60)
        until(lambda: "podcast_reconciliation_ratio" in moved(page()), "days before count", 60)
        until(lambda: 'class="bar"' in get(f"{addresses['Nearfield']}/")[1], "the page plots", 60)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stdout
        assert "has ended" in process.stdout.read()
    assert processes(folder) == []
