"""A database that dies again and again: short in `make test`, in full length in `make soak`."""

import os
import random
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest

from exporters.embedded import EmbeddedServer, sample
from tests.e2e.processes import Nearfield, nearfield, until
from tests.embedded.fixtures import run_apart, scratch_folder

SECONDS = 900 if os.environ.get("NEARFIELD_TEST_SOAK") else 8
SETTLE = SECONDS / 4
"""After which nothing may grow any more."""


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """A server of this test's own, since it is killed again and again."""
    with scratch_folder() as folder:
        server = EmbeddedServer(folder)

        async def start() -> None:
            await server.__aenter__()
            await server.create_database("app")
            async with await psycopg.AsyncConnection.connect(server.dsn("app")) as connection:
                await sample.create_tables(connection)

        run_apart(start())
        try:
            yield server
        finally:
            run_apart(server.__aexit__(None, None, None))


def measured(process: Nearfield) -> dict[str, float]:
    """Return what must stay flat: memory, descriptors, series."""
    text = process.metrics()
    wanted = r"^(process_resident_memory_bytes|process_open_fds) (\S+)"
    found = dict(re.findall(wanted, text, re.MULTILINE))
    return {
        "memory": float(found["process_resident_memory_bytes"]),
        "descriptors": float(found["process_open_fds"]),
        "series": len(re.findall(r"^\w", text, re.MULTILINE)),
    }


def kill_a_backend(server: EmbeddedServer, dice: random.Random) -> None:
    """End a connection from the server's side, or let the whole server crash and recover."""
    try:
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
            query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'nearfield'"
            pids = [pid for (pid,) in connection.execute(query)]
            if pids and dice.random() < 0.5:
                connection.execute("SELECT pg_terminate_backend(%s)", [dice.choice(pids)])
            elif pids:
                os.kill(dice.choice(pids), signal.SIGKILL)
    except psycopg.OperationalError:
        pass  # it is recovering from the time before


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 120)
def test_a_database_that_dies_again_and_again_leaves_no_trace(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    dice = random.Random(7)
    dsns = {"app_dsn": server.dsn("app"), "ledger_dsn": server.dsn("postgres")}
    for name, dsn in dsns.items():
        (tmp_path / name).write_text(dsn)
    settings = (
        '[ledger]\ndsn_file = "ledger_dsn"\n'
        '[downloads]\napp_dsn_file = "app_dsn"\ninterval = "100ms"\n'
    )
    with nearfield(tmp_path, settings) as process:
        until(process.ready, "fresh at the beginning")
        began = monotonic()
        settled: dict[str, float] = {}
        while monotonic() - began < SECONDS:
            kill_a_backend(server, dice)
            sleep(dice.uniform(0.05, 0.5))
            if not settled and monotonic() - began > SETTLE:
                settled = measured(process)
        until(lambda: all(not s["reason"] for s in process.readiness().values()), "well at the end")
        at_the_end = measured(process)
        assert at_the_end["memory"] < settled["memory"] + 20e6
        assert at_the_end["descriptors"] <= settled["descriptors"] + 4
        assert at_the_end["series"] <= settled["series"] + 5
        failures = process.log().count("cannot be read")
        back = process.log().count("is back after")
        assert failures == back, "one line when it fails, and one when it is back"
        assert failures > 0
