"""What the neighbours are told, checked by the neighbours' own checkers."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporters.app import configured
from exporters.core.settings import load
from exporters.settings import Settings
from tests.programs import program
from tests.stack.composed import ROOT, begun, compose, laid_out, services, with_examples

LOKI = yaml.safe_load((ROOT / "stack" / "loki.yml").read_text())


def run(*command: str) -> str:
    """Run a checker to its good end, and return what it said."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("examples", [False, True], ids=["as it is", "with the examples"])
def test_prometheus_takes_its_settings_and_targets(tmp_path: Path, *, examples: bool) -> None:
    home = "https://grafana.example.org"
    folder = begun("prometheus", tmp_path, NEARFIELD_GRAFANA_URL=home) / "etc/prometheus"
    if examples:
        with_examples(folder / "targets")
        assert all(yaml.safe_load(each.read_text()) for each in (folder / "targets").glob("*.yml"))
    said = run(
        program("promtool", package="prometheus"), "check", "config", f"{folder}/prometheus.yml"
    )
    rules = len(list((ROOT / "alerts" / "rules").glob("*.yml")))
    assert f"SUCCESS: {rules} rule files found" in said


def test_every_link_of_an_alert_leads_to_the_grafana_of_the_stack(tmp_path: Path) -> None:
    home = "https://grafana.example.org"
    folder = begun("prometheus", tmp_path, NEARFIELD_GRAFANA_URL=home) / "etc/prometheus/rules"
    links = [
        link
        for file in folder.iterdir()
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
        for name, link in rule.get("annotations", {}).items()
        if name.endswith("_url")
    ]
    assert len(links) > 100
    assert all(link.startswith(f"{home}/") for link in links)
    assert "NEARFIELD_GRAFANA_URL" in services()["prometheus"]["environment"]


def test_prometheus_reads_every_file_of_targets_and_misses_none() -> None:
    text = (ROOT / "stack" / "prometheus.yml").read_text()
    jobs = yaml.safe_load(text)["scrape_configs"]
    read = [
        file for job in jobs for each in job.get("file_sd_configs", ()) for file in each["files"]
    ]
    there = {f"targets/{file.name}" for file in (ROOT / "stack" / "targets").glob("*.yml")}
    assert set(read) == there
    addresses = {
        target.partition(":")[0]
        for job in jobs
        for each in job.get("static_configs", ())
        for target in each["targets"]
    }
    assert addresses <= {*services(), "localhost"}


def alertmanager(folder: Path, **secrets: str) -> dict[str, Any]:
    """Return what Alertmanager is told where these secrets are not empty, once it takes that."""
    (folder / "run/secrets").mkdir(parents=True)
    for name in services()["alertmanager"]["secrets"]:
        (folder / "run/secrets" / name).write_text(secrets.pop(name, ""))
    assert not secrets
    file = begun("alertmanager", folder) / "tmp/alertmanager.yml"
    amtool = program("amtool", package="prometheus-alertmanager")
    assert "1 templates" in run(amtool, "check-config", str(file))
    told: dict[str, Any] = yaml.safe_load(file.read_text())
    return told


def receivers(route: dict[str, Any]) -> set[str]:
    """Return whom a route and those below it tell."""
    named = {route["receiver"]} if "receiver" in route else set()
    return named.union(*(receivers(each) for each in route.get("routes", ())))


def test_alertmanager_tells_slack_where_its_address_is_known(tmp_path: Path) -> None:
    told = alertmanager(tmp_path, slack_webhook="https://hooks.example.org/x")
    assert receivers(told["route"]) == {"slack", "nobody", "switch"}
    ours = yaml.safe_load((ROOT / "alerts" / "alertmanager.yml").read_text())
    assert {**told, "templates": []} == {**ours, "templates": []}


def test_alertmanager_tries_no_message_without_an_address(tmp_path: Path) -> None:
    assert receivers(alertmanager(tmp_path)["route"]) == {"nobody", "switch"}


def test_alertmanager_tells_a_dead_man_s_switch_that_has_an_address(tmp_path: Path) -> None:
    told = alertmanager(tmp_path, watchdog_url="https://switch.example.org/ping/0a1b\n")
    [switch] = [each for each in told["receivers"] if each["name"] == "switch"]
    assert switch["webhook_configs"] == [
        {"url": "https://switch.example.org/ping/0a1b", "send_resolved": False}
    ]


def test_blackbox_exporter_takes_its_settings(tmp_path: Path) -> None:
    file = laid_out("blackbox", tmp_path) / "etc/blackbox.yml"
    blackbox = program("prometheus-blackbox-exporter", package="prometheus-blackbox-exporter")
    assert "ok" in run(blackbox, f"--config.file={file}", "--config.check")


@pytest.fixture
def nearfield_toml(tmp_path: Path) -> Path:
    """Nearfield's settings, with its secrets beside them."""
    text = (ROOT / "stack" / "nearfield.toml").read_text()
    for name in services()["nearfield"]["secrets"]:
        (tmp_path / name).write_text("dbname=x" if name.endswith("dsn") else "https://x.invalid/")
    file = tmp_path / "nearfield.toml"
    file.write_text(text.replace("/run/secrets", str(tmp_path)))
    return file


def test_nearfield_takes_its_settings(nearfield_toml: Path) -> None:
    settings = load(Settings, nearfield_toml, {})
    assert settings.docker.host == "tcp://docker:2375"
    assert str(settings.containers.proc_root) == "/host/proc"
    assert set(configured(settings)) == {"downloads", "fastly", "containers", "deploys", "logs"}


def test_nearfield_takes_its_settings_with_slack(nearfield_toml: Path) -> None:
    text = re.sub(r"^# (?=\[slack|\w+ = )", "", nearfield_toml.read_text(), flags=re.MULTILINE)
    nearfield_toml.write_text(text)
    settings = load(Settings, nearfield_toml, {})
    assert settings.slack.webhook_url
    assert "digest" in configured(settings)


def test_a_host_that_another_watches_counts_no_downloads(nearfield_toml: Path) -> None:
    text = nearfield_toml.read_text()
    for table in ("downloads", "fastly"):
        text, found = re.subn(rf"^\[{table}\].*?(?=^\[)", "", text, flags=re.DOTALL | re.MULTILINE)
        assert found
    nearfield_toml.write_text(text)
    settings = load(Settings, nearfield_toml, {})
    assert set(configured(settings)) == {"containers", "deploys", "logs"}


def test_loki_keeps_what_nearfield_sends() -> None:
    limits = LOKI["limits_config"]
    logs = Settings().logs
    assert limits["max_line_size"] == f"{logs.max_line_size // 1024}KB"
    assert limits["reject_old_samples_max_age"] == f"{logs.max_line_age / 3600:.0f}h"
    assert limits["allow_structured_metadata"] is True
    assert LOKI["compactor"]["retention_enabled"] is True
    assert LOKI["analytics"] == {"reporting_enabled": False}


def test_grafana_finds_what_its_data_sources_are_told_of(tmp_path: Path) -> None:
    folder = laid_out("grafana", tmp_path)
    [sources] = (folder / "etc/grafana/provisioning/datasources").iterdir()
    text = sources.read_text()
    for name in ("HOST", "USER", "DATABASE", "SSLMODE"):
        assert f"$NEARFIELD_LEDGER_{name}" in text
        assert f"NEARFIELD_LEDGER_{name}" in services()["grafana"]["environment"]
    for source in yaml.safe_load(text)["datasources"]:
        assert source["url"].split("//")[-1].split(":")[0] in {
            *services(),
            "$NEARFIELD_LEDGER_HOST",
        }
    [provider] = (folder / "etc/grafana/provisioning/dashboards").iterdir()
    path = yaml.safe_load(provider.read_text())["providers"][0]["options"]["path"]
    assert (folder / path.lstrip("/") / "now.json").exists()
    assert (folder / "usr/share/grafana/public/nearfield/runbooks/Watchdog.md").exists()


def test_the_public_dashboards_are_those_of_everyone_else_without_what_is_private() -> None:
    python = ROOT / ".venv" / "bin" / "python"
    run(str(python), str(ROOT / "stack" / "public.py"), "--check")


def test_the_secrets_are_made_once_and_for_their_services_only(tmp_path: Path) -> None:
    stack = tmp_path / "stack"
    (stack / "secrets").mkdir(parents=True)
    (stack / "prepare").write_bytes((ROOT / "stack" / "prepare").read_bytes())
    made = run("sh", str(stack / "prepare"))
    files = {file.name: file.read_text() for file in (stack / "secrets").iterdir()}
    assert set(files) == set(compose()["secrets"])
    assert all(f"made stack/secrets/{name}\n" in made for name in files)
    assert files["ledger_password"] in files["ledger_dsn"]
    assert len({value for name, value in files.items() if name.endswith("password")}) == 6
    empty = {name for name, value in files.items() if len(value) < 32}
    assert empty == {"slack_webhook", "watchdog_url"}, "these are given by others"
    assert (stack / "secrets").stat().st_mode & 0o077 == 0
    assert run("sh", str(stack / "prepare")) == ""
    assert files == {file.name: file.read_text() for file in (stack / "secrets").iterdir()}
