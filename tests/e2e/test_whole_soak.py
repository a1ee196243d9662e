"""Everything on for half an hour under 20,000 lines a second, while what it leans on restarts.

`NEARFIELD_TEST_SOAK_SECONDS` makes it shorter or longer. What must stay flat is told at the end;
run it with `-s` to see it.
"""

import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from time import monotonic, sleep

import psycopg
import pytest

from exporters.embedded import EmbeddedServer, sample
from tests.docker.engine import Engine, started_engine
from tests.e2e.processes import Nearfield, free_port, get, nearfield, until
from tests.e2e.test_stream import kill_server, settings
from tests.e2e.whole import Cdn, loki
from tests.embedded.fixtures import run_apart

SECONDS = float(os.environ.get("NEARFIELD_TEST_SOAK_SECONDS", "1800"))
LOOK = min(5.0, SECONDS / 60)
CATCH_UP = 300.0 + SECONDS
"""Seconds in which all lines must be counted: two processors may not keep up with the rate."""
NOISE = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.1; done"

FLAT = {
    "memory": (1.15, 60e6),
    "descriptors": (1, 8),
    "threads": (1, 4),
    "tasks": (1, 8),
    "series": (1, 60),
}
"""How much the last third may have over the second: times, and plus."""


@pytest.fixture
def noisy() -> Iterator[Engine]:
    """An engine of this test's own, since it is restarted, with containers that talk."""
    yield from started_engine("--live-restore")


async def play_the_app(data: Path) -> None:
    """Put the sample shows into a database of the server that the process runs."""
    server = EmbeddedServer(data)
    async with server:
        await server.create_database("app")
        await server.create_reader()
        async with await psycopg.AsyncConnection.connect(server.dsn("app")) as connection:
            await sample.load(connection, datetime.now(UTC).date())


def look(process: Nearfield) -> dict[str, float] | None:
    """Return what must stay flat; None while nobody answers in time."""
    text = process.metrics()
    found = dict(re.findall(r"^(?:process|nearfield)_(\w+) (\S+)$", text, re.MULTILINE))
    if not found:
        return None
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return {
        "memory": float(found["resident_memory_bytes"]),
        "descriptors": float(found["open_fds"]),
        "threads": float(re.findall(r"^Threads:\s+(\d+)", status, re.MULTILINE)[0]),
        "tasks": float(found["tasks"]),
        "series": len(re.findall(r"^\w", text, re.MULTILINE)),
    }


def bad_luck(folder: Path, engine: Engine, dice: Random) -> str:
    """Let something die that comes back, and say what."""
    if dice.random() < 0.6:
        kill_server(folder)
        return "PostgreSQL killed"
    number = dice.choice((signal.SIGTERM, signal.SIGKILL))
    engine.stop(number)
    sleep(dice.uniform(0, 3))
    until(lambda: starts(engine), "the engine starts again", 200)
    return f"Docker restarted by {number.name}"


def starts(engine: Engine) -> bool:
    """Start the engine; False where its containerd took too long on a machine this busy."""
    try:
        engine.start()
    except RuntimeError:
        return False
    return True


def total(page: str, family: str, **labels: str) -> float:
    """Return the sum of a family's series on a page that have these labels."""
    found = re.findall(rf"^{family}\{{(.*)\}} (\S+)$", page, re.MULTILINE)
    wanted = [f'{name}="{value}"' for name, value in labels.items()]
    return sum(float(value) for text, value in found if all(each in text for each in wanted))


def thirds(looks: Sequence[dict[str, float]], what: str) -> tuple[float, float]:
    """Return the median of the second third and of the last: what only starts is left out."""
    values = [each[what] for each in looks]
    third = len(values) // 3
    return median(values[third : 2 * third]), median(values[2 * third :])


@pytest.mark.soak
@pytest.mark.long
@pytest.mark.timeout(3 * SECONDS + 900)
def test_nothing_grows_and_every_line_counts_once_whatever_restarts(
    noisy: Engine, tmp_path: Path
) -> None:
    dice = Random(20261009)
    port = free_port()
    for number in range(3):
        noisy(
            "run",
            "-d",
            "--name",
            f"noise-{number}",
            "--network",
            "none",
            "busybox:test",
            "sh",
            "-c",
            NOISE,
        )
    dsn = EmbeddedServer(tmp_path / "data").dsn("app", role="nearfield_reader")
    (tmp_path / "app_dsn").write_text(dsn)
    with loki() as url:
        text = (
            f'{settings(tmp_path, port)}app_dsn_file = "app_dsn"\ninterval = "5s"\n'
            f'[containers]\n[docker]\nhost = "{noisy.host}"\n[logs]\nloki_url = "{url}"\n'
        )
        with nearfield(tmp_path, text) as process:
            until(lambda: get(f"{process.url}/healthz")[0] == 200, "it listens", 60)
            run_apart(play_the_app(tmp_path / "data"))
            until(process.ready, "everything is fresh", 120)
            cdn, looks, said = watched(process, tmp_path, noisy, dice, port)
            page = counted(process, cdn)
            until(process.ready, "everything is fresh again", 180)
    report(cdn, looks, said, page)


def watched(
    process: Nearfield, folder: Path, engine: Engine, dice: Random, port: int
) -> tuple[Cdn, list[dict[str, float]], list[str]]:
    """Send and break things for the time that is set; return what was sent, seen and broken."""
    cdn = Cdn(port, Random(7))
    cdn.start()
    looks: list[dict[str, float]] = []
    said: list[str] = []
    began = monotonic()
    unlucky = began + SECONDS / 20
    while monotonic() < began + SECONDS:
        assert cdn.is_alive()
        if seen := look(process):
            looks.append(seen)
        if monotonic() > unlucky:
            said.append(bad_luck(folder, engine, dice))
            unlucky = monotonic() + dice.uniform(0.5, 1.5) * max(10.0, SECONDS / 60)
        sleep(LOOK)
    cdn.end()
    return cdn, looks, said


def counted(process: Nearfield, cdn: Cdn) -> str:
    """Return the page on which all that was sent is counted; nothing may be counted twice."""

    def all_of_it() -> str:
        page = process.metrics()
        return page if total(page, "podcast_requests_total", podcast="show") >= cdn.lines else ""

    page: str = until(all_of_it, f"{cdn.lines} lines are counted", CATCH_UP)
    assert total(page, "podcast_requests_total", podcast="show") == cdn.lines
    assert total(page, "podcast_downloads_total", podcast="show") == len(cdn.downloads)
    assert total(page, "podcast_delivered_bytes_total", podcast="show") == cdn.lines * 1e6
    assert total(page, "cdn_log_lines_rejected_total") == 0
    return page


def report(cdn: Cdn, looks: Sequence[dict[str, float]], said: Sequence[str], page: str) -> None:
    """Tell the figures, and fail where something grew."""
    repeated = total(page, "cdn_log_batches_repeated_total")
    told = [
        f"{SECONDS:g} s, {cdn.lines:,} lines, {len(cdn.downloads):,} downloads, exact",
        f"{cdn.restarts} clients restarted, {repeated:.0f} batches came twice",
        f"{cdn.behind:.1f} s behind the rate at most",
        *(f"{said.count(each)} times {each}" for each in sorted(set(said))),
    ]
    grown = []
    for what, (times, plus) in FLAT.items():
        before, after = thirds(looks, what)
        told.append(f"{what}: {before:,.0f} in the second third, {after:,.0f} in the last")
        if after > before * times + plus:
            grown.append(what)
    sys.stdout.write("\n".join(["", *told, ""]))
    assert grown == []
