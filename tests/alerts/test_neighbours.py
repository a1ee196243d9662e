"""The metrics of others that our rules ask for are asked of the others."""

import re
from pathlib import Path

from exporters.embedded import EmbeddedServer
from tests.alerts.rules import ALERTS
from tests.alerts.stack import process
from tests.e2e.processes import free_port, get, until
from tests.programs import program

LISTED = [
    line.split()
    for line in (Path(__file__).parent / "neighbours.txt").read_text().splitlines()
    if not line.startswith("#")
]


def wanted(neighbour: str) -> set[str]:
    """Return the names that `neighbour` is said to serve."""
    return {name for who, name in LISTED if who == neighbour}


def served(page: str) -> set[str]:
    """Return the names on a page: families, and those of their samples."""
    return set(re.findall(r"^(?:# TYPE )?([a-z_0-9]+)(?=[ {])", page, flags=re.MULTILINE))


def asked(
    folder: Path,
    neighbour: str,
    *options: str,
    path: str = "/metrics",
    has: str = "# TYPE",
    **more: str,
) -> str:
    """Return the page, as soon as it has `has`, of a neighbour that runs for this question only."""
    port = free_port()
    package = f"prometheus-{neighbour}-exporter"
    if neighbour in {"prometheus", "alertmanager"}:
        package = "prometheus" if neighbour == "prometheus" else "prometheus-alertmanager"
    command = (program(package, package=package), f"--web.listen-address=127.0.0.1:{port}")
    with process(folder, *command, *options, **more):
        url = f"http://127.0.0.1:{port}{path}"
        until(lambda: has in get(url)[1], f"{neighbour} serves {has}", 60)
        return get(url)[1]


def test_node_exporter_has_what_the_rules_ask_for(tmp_path: Path) -> None:
    assert wanted("node") <= served(asked(tmp_path, "node"))


def test_alertmanager_has_what_the_rules_ask_for(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("{route: {receiver: n}, receivers: [{name: n}]}")
    options = ("--config.file=config.yml", "--storage.path=data", "--cluster.listen-address=")
    assert wanted("alertmanager") <= served(asked(tmp_path, "alertmanager", *options))


def test_prometheus_has_what_the_rules_ask_for(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(
        "groups: [{name: g, rules: [{record: a:b:c, expr: vector(1)}]}]"
    )
    (tmp_path / "config.yml").write_text("rule_files: [rules.yml]")
    options = ("--config.file=config.yml", "--storage.tsdb.path=data")
    # It answers before it has read its rules.
    loaded = "prometheus_rule_evaluation_failures_total"
    found = served(asked(tmp_path, "prometheus", *options, has=loaded))
    # These come with the first scrape, the first alert, and the first Alertmanager.
    later = {
        "ALERTS",
        "up",
        "prometheus_tsdb_head_samples_appended_total",
        "prometheus_notifications_errors_total",
    }
    assert wanted("prometheus") - later <= found


def test_blackbox_exporter_has_what_the_rules_ask_for(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("modules: {http_4: {prober: http, timeout: 2s}}")
    page = asked(
        tmp_path,
        "blackbox",
        "--config.file=config.yml",
        path="/probe?module=http_4&target=127.0.0.1:1",
    )
    # Only a target with TLS has a certificate.
    assert wanted("blackbox") - {"probe_ssl_earliest_cert_expiry"} <= served(page)


def test_postgres_exporter_has_what_the_rules_ask_for(
    embedded_server: EmbeddedServer, tmp_path: Path
) -> None:
    dsn = f"{embedded_server.dsn('postgres')} sslmode=disable"
    page = asked(tmp_path, "postgres", DATA_SOURCE_NAME=dsn)
    assert wanted("postgres") <= served(page)


def test_each_name_of_the_list_is_asked_of_somebody() -> None:
    known = {"prometheus", "alertmanager", "node", "postgres", "blackbox", "loki", "newer"}
    assert {who for who, _ in LISTED} == known


def test_the_probes_from_outside_are_taken_by_blackbox_exporter(tmp_path: Path) -> None:
    page = asked(
        tmp_path,
        "blackbox",
        f"--config.file={ALERTS / 'blackbox.yml'}",
        path="/probe?module=audio_6&target=127.0.0.1:1",
    )
    assert "probe_success 0" in page
