"""`nearfield run` where only log lines are there yet: it serves them, and says what is missing."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e.processes import Nearfield, free_port, get, nearfield, until
from tests.e2e.test_stream import DOWNLOADS, TOKEN, now, send, settings, shows
from tests.fastly.traffic import request

SECRETS = {"app_dsn": "postgresql://nearfield:hunter2@127.0.0.1:1/app"}

# Exporter and source, and the words that tell what to do.
MISSING = {
    ("downloads", "podcasts"): "nothing listens at that address (does it run, is the port right?)",
    ("docker", "containers"): "no Docker engine answers: does it run, and is docker.host right?",
    ("deploys", "engine"): "no Docker engine answers: does it run, and is docker.host right?",
}


def state(running: Nearfield) -> Mapping[str, Any]:
    told: Mapping[str, Any] = json.loads(get(f"{running.url}/readyz?format=json")[1])
    return told


def missing(running: Nearfield) -> bool:
    exporters = state(running)["exporters"]
    return all(
        words in exporters[exporter][source]["reason"]
        for (exporter, source), words in MISSING.items()
    )


def test_what_is_there_is_served_and_what_is_missing_is_told_with_its_cure(tmp_path: Path) -> None:
    for name, secret in SECRETS.items():
        (tmp_path / name).write_text(secret)
    port = free_port()
    tables = (
        f'{settings(tmp_path, port)}app_dsn_file = "app_dsn"\n'
        f'[containers]\n[docker]\nhost = "unix://{tmp_path}/docker.sock"\n'
        '[logs]\nloki_url = "http://127.0.0.1:1"\n'
    )
    links = {"NEARFIELD_WEB__LINKS": '{"Grafana": "https://grafana.example.org"}'}
    with nearfield(tmp_path, tables, environment=links) as running:
        until(lambda: get(f"{running.url}/healthz")[0] == 200, "it listens", 60)
        until(lambda: missing(running), "it says what is missing", 60)
        until(lambda: send(port, request(time=now())) == 200, "lines are taken", 60)
        shows(running, DOWNLOADS, 1)
        assert get(f"{running.url}/readyz")[0] == 503
        page = get(f"{running.url}/")[1]
        log = running.log()
    assert '<a href="https://grafana.example.org">Grafana</a>' in page
    for words in MISSING.values():
        assert words in page
        assert words in log
    for source in ("the app's database", "docker/containers", "deploys/engine"):
        assert log.count(f'"{source} cannot be read') == 1, "each is told once"
    for secret in (TOKEN, *SECRETS.values(), "hunter2"):
        assert secret not in page + log
