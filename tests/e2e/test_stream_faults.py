"""Nothing is lost or counted twice without disk or database, or by a clock that is set."""

import os
import struct
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from threading import Timer

import psycopg
import pytest

from exporters.embedded import EmbeddedServer
from tests.e2e.processes import Nearfield, free_port, nearfield, until
from tests.e2e.test_stream import kill_server, now, send, settings, value
from tests.fastly.spool.disks import fill, small
from tests.fastly.traffic import part
from tests.programs import program

pytestmark = pytest.mark.soak

ROUNDS = 25 if os.environ.get("NEARFIELD_TEST_SOAK") else 1
PATIENCE = 180.0
"""Seconds: a PostgreSQL that found no room is started again half a minute later at most."""
LISTENERS = 300
"""In each batch; nobody is in two."""
TOTALS = "SELECT sum(downloads), sum(requests), sum(bytes) FROM nearfield.episode_days"


class Scene:
    """A Nearfield on a disk and by a clock of its own, and a client that sends it batches.

    A batch is sent again, unchanged, until it is answered 200. Lines have the true time.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.data = folder / "data"
        self.running: Nearfield
        self.stored = 0
        self._folder, self._port = folder, port
        self._waiting = self._lines()
        self._before: list[dict[str, object]] = []

    def _lines(self) -> list[dict[str, object]]:
        address = f"198.51.{self.stored // 250}.{self.stored % 250}"
        return [
            part(0, 1_000_000, time=now(), client_ip=address, user_agent=f"App/{n}")
            for n in range(LISTENERS)
        ]

    def set_clock(self, hours: float) -> None:
        """Set the process's clock so far before or after the true time."""
        # In place: the process looks at this very file.
        with (self._folder / "clock").open("r+b") as file:
            file.write(struct.pack("q", round(hours * 3600)))

    def clock(self) -> Mapping[str, str]:
        """Make the clock; return the environment of a process that has it."""
        library, source = self._folder / "clock.so", Path(__file__).with_name("clock.c")
        compiler = program("tcc", package="tcc")
        subprocess.run([compiler, "-shared", "-o", library, source], check=True)
        (self._folder / "clock").write_bytes(bytes(8))
        return {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(self._folder / "clock")}

    def send(self) -> int:
        """Send the batch that waits; return how it was answered."""
        status = send(self._port, *self._waiting)
        if status == 200:
            self.stored += 1
            self._before, self._waiting = self._waiting, self._lines()
        return status

    def recorded_by(self, hours: float) -> bool:
        """Whether the process's clock was so far off when lines were last recorded."""
        series = 'nearfield_last_success_timestamp_seconds{exporter="fastly",source="ledger"}'
        at = value(self.running.metrics(), series) or 0.0
        return abs(at - datetime.now(UTC).timestamp() - hours * 3600) < 3600

    def repeat(self) -> int:
        """Send once more what was answered last with 200."""
        return send(self._port, *self._before)

    def recorded(self) -> None:
        """Wait until what is stored is in the ledger."""
        lines = self.stored * LISTENERS
        series = 'cdn_log_lines_total{source="https"}'
        page = self.running.metrics
        until(lambda: value(page(), series) == lines, "all lines are recorded", PATIENCE)

    def is_exact(self) -> None:
        """The ledger has each batch once, and nothing else."""
        self.recorded()
        lines = self.stored * LISTENERS
        with psycopg.connect(EmbeddedServer(self.data).dsn()) as ledger:
            found = ledger.execute(TOTALS).fetchall()
        assert found == [(lines, lines, lines * 1_000_000)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder, port = tmp_path_factory.mktemp("faults"), free_port()
    text = settings(folder, port)
    scene = Scene(folder, port)
    scene.data.mkdir()
    with (
        small(scene.data, "192m", 4000),
        nearfield(folder, text, "fastly", environment=scene.clock()) as scene.running,
    ):
        until(scene.running.ready, "it is ready", PATIENCE)
        yield scene


def test_what_was_answered_while_the_disk_filled_up_is_counted_once(scene: Scene) -> None:
    chance = Random(7)
    ballast = scene.data / "ballast"
    for _ in range(ROUNDS):
        for _ in range(chance.randrange(1, 5)):
            until(lambda: scene.send() == 200, "a batch is stored", PATIENCE)
        fill(ballast)
        until(lambda: scene.send() == 503, "a batch finds no room", PATIENCE)
        ballast.unlink()
        until(lambda: scene.send() == 200, "a batch finds room again", PATIENCE)
        assert scene.repeat() == 200
    scene.is_exact()
    until(scene.running.ready, "it is ready again", PATIENCE)


def test_what_is_sent_while_postgresql_is_killed_is_counted_once(scene: Scene) -> None:
    chance = Random(9)
    for _ in range(ROUNDS):
        killer = Timer(chance.uniform(0.0, 0.4), kill_server, [scene.data.parent])
        killer.start()
        while killer.is_alive():
            assert scene.send() == 200
        assert scene.send() == 200
        assert scene.repeat() == 200
        scene.recorded()
    scene.is_exact()


def test_a_clock_that_is_set_forth_or_back_changes_no_count(scene: Scene) -> None:
    chance = Random(8)
    for _ in range(ROUNDS):
        for hours in (chance.uniform(12, 20), -chance.uniform(12, 20)):
            scene.set_clock(hours)
            assert scene.send() == 200
            scene.recorded()
            until(partial(scene.recorded_by, hours), "lines are recorded by this clock")
            assert scene.repeat() == 200
    scene.is_exact()
    assert scene.running.ready()
