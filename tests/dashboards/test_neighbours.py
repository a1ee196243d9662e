"""What the list of neighbours says is served, the real neighbours serve."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from exporters.embedded import EmbeddedServer
from tests.dashboards.neighbours import NEIGHBOURS
from tests.e2e.processes import free_port, get, until
from tests.programs import program

ABSENT_HERE = {
    # Machines without IPv6, disks or a standby have none.
    "node_sockstat_TCP6_inuse",
    "node_disk_io_time_seconds_total",
    "pg_replication_lag",
}


@contextmanager
def page(command: Sequence[str | Path], environ: Mapping[str, str], wanted: str) -> Iterator[str]:
    """Run an exporter and give its page once it has a metric."""
    port = free_port()
    process = subprocess.Popen(
        [*command, f"--web.listen-address=127.0.0.1:{port}"],
        env={**os.environ, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}/metrics"
    try:
        until(lambda: wanted in get(url)[1], f"{command[0]} serves {wanted}")
        yield get(url)[1]
    finally:
        process.terminate()
        process.wait(10)


def missing(owner: str, text: str) -> list[str]:
    """Return names that an exporter is said to serve and does not, or with other labels."""
    wrong = []
    for name, labels, _ in NEIGHBOURS[owner]:
        found = re.search(rf"^{name}(?:\{{(.*)\}})? ", text, re.MULTILINE)
        if found:
            served = set(re.findall(r'(\w+)="', found[1] or ""))
            wrong += [] if set(labels) <= served else [f"{name}: {served}"]
        elif name not in ABSENT_HERE:
            wrong.append(name)
    return wrong


def test_the_node_exporter_serves_what_is_said() -> None:
    exporter = program(
        "node_exporter", "prometheus-node-exporter", package="prometheus-node-exporter"
    )
    with page([exporter], {}, "node_load1 ") as text:
        assert missing("node_exporter", text) == []


def test_the_postgres_exporter_serves_what_is_said(embedded_server: EmbeddedServer) -> None:
    exporter = program(
        "postgres_exporter", "prometheus-postgres-exporter", package="prometheus-postgres-exporter"
    )
    parts = conninfo_to_dict(embedded_server.dsn("postgres"))
    dsn = " ".join(f"{key}={value}" for key, value in parts.items()) + " sslmode=disable"
    with page([exporter], {"DATA_SOURCE_NAME": dsn}, "pg_stat_database_blks_hit{") as text:
        assert missing("postgres_exporter", text) == []
