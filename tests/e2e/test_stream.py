"""From a line that the CDN sends to the number that Prometheus would scrape, killed on the way."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from threading import Timer

import pytest

from tests.e2e.processes import Nearfield, free_port, get, nearfield, until
from tests.fastly.traffic import part, request

TOKEN = "open sesame"
KILLS = 50 if os.environ.get("NEARFIELD_TEST_SOAK") else 3


def settings(folder: Path, port: int, more: str = "") -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "token").write_text(TOKEN)
    return (
        f'[fastly]\nlisten = "127.0.0.1:{port}"\ntoken_file = "token"\nservice_ids = ["*"]\n'
        f'segment_age = "50ms"\n{more}[downloads]\nledger_interval = "500ms"\n'
    )


def send(port: int, *lines: dict[str, object], token: str = TOKEN) -> int:
    """Post a batch as Fastly does; return the status, 0 where nobody answers."""
    body = gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode())
    headers = {"Authorization": f"Bearer {token}", "Content-Encoding": "gzip"}
    url = f"http://127.0.0.1:{port}/ingest/fastly"
    try:
        ask = urllib.request.Request(url, body, headers)
        with urllib.request.urlopen(ask, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def value(page: str, series: str) -> float | None:
    """Return the value of a series on a page, or None; labels stand in the order of the page."""
    found = re.search(rf"^{re.escape(series)} (\S+)$", page, re.MULTILINE)
    return float(found[1]) if found else None


def shows(running: Nearfield, series: str, wanted: float) -> None:
    until(lambda: value(running.metrics(), series) == wanted, f"{series} is {wanted}", 90)


def now() -> str:
    return datetime.now(UTC).isoformat()


DOWNLOADS = 'podcast_downloads_total{episode="1",podcast="show"}'


def test_a_line_becomes_a_download_on_the_page_and_nothing_private_does(tmp_path: Path) -> None:
    port = free_port()
    with nearfield(tmp_path, settings(tmp_path, port)) as running:
        until(running.ready, "it is ready")
        assert send(port, request(time=now(), city="Sometown"), {"time": now()}) == 200
        shows(running, DOWNLOADS, 1)
        shows(running, 'cdn_log_lines_rejected_total{reason="no_path",source="https"}', 1)
        page = running.metrics()
        ours = value(page, 'podcast_country_downloads_total{country="DE",podcast="show"}')
        assert ours == 1
        assert value(page, 'podcast_episode_downloads{episode="1",podcast="show",source="stream"}')
        assert value(page, 'cdn_log_lag_seconds_count{source="https"}') == 1
        for secret in (TOKEN, "192.0.2.1", "Player/1.0", "Sometown"):
            assert secret not in page + running.log()
    with nearfield(tmp_path, settings(tmp_path, port)) as again:
        shows(again, DOWNLOADS, 1)


@pytest.mark.soak
def test_nothing_is_lost_or_counted_twice_when_it_is_killed_at_any_moment(tmp_path: Path) -> None:
    port, chance = free_port(), Random(7)
    text = settings(tmp_path, port)
    sent = lines = 0
    waiting: list[dict[str, object]] = []

    def batch() -> list[dict[str, object]]:
        """Return requests of listeners that nobody else is."""
        address = f"198.51.{sent // 250}.{sent % 250}"
        return [
            part(0, 1_000_000, time=now(), client_ip=address, user_agent=f"App/{n}")
            for n in range(4)
        ]

    for _ in range(KILLS):
        page, process = start(tmp_path, text)
        until(partial(answers, page), "it is up")
        if chance.random() < 0.5:
            kill_server(tmp_path)
        killer = Timer(chance.uniform(0.05, 1.5), process.kill)
        killer.start()
        while process.poll() is None:
            waiting = waiting or batch()
            if send(port, *waiting) == 200:
                # An answer that does not arrive has its batch sent again, unchanged.
                sent, lines, waiting = sent + 1, lines + len(waiting), []
        killer.join()
    with nearfield(tmp_path, text) as running:
        until(running.ready, "it is ready")
        if waiting:
            assert send(port, *waiting) == 200
            lines += len(waiting)
        shows(running, DOWNLOADS, lines)
        page_text = running.metrics()
        counted = 'podcast_requests_total{outcome="counted",podcast="show"}'
        assert value(page_text, counted) == lines
        repeat = 'podcast_requests_total{outcome="repeat",podcast="show"}'
        assert value(page_text, repeat) == 0
        assert value(page_text, 'podcast_delivered_bytes_total{podcast="show"}') == lines * 1e6


def answers(port: int) -> bool:
    return get(f"http://127.0.0.1:{port}/healthz")[0] == 200


def kill_server(folder: Path) -> None:
    """Kill the ledger's PostgreSQL as a power cut would, where it is up."""
    for file in (folder / "data").glob("**/postmaster.pid"):
        with suppress(ProcessLookupError, IndexError, ValueError):
            os.kill(int(file.read_text().splitlines()[0]), signal.SIGKILL)


def start(folder: Path, text: str) -> tuple[int, subprocess.Popen[bytes]]:
    """Start a process to be killed; return the port of its page."""
    port = free_port()
    file = folder / "nearfield.toml"
    file.write_text(f'data_dir = "data"\n[web]\nlisten = "127.0.0.1:{port}"\n{text}')
    with (folder / "killed.log").open("ab") as log:
        command = [sys.executable, "-m", "exporters", "run", "--config", str(file)]
        return port, subprocess.Popen(command, stdout=log, stderr=log)
