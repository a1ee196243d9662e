"""Every alert is true, proven, explained, and asks only for what there is."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerts.rules import ALERTS, asked, names, read, rules
from tests.programs import program

ROOT = ALERTS.parent
HERE = Path(__file__).parent
SECTIONS = ("Meaning", "Impact", "Diagnosis", "Mitigation")


def run(*arguments: str, seconds: float = 300) -> str:
    """Run a program to its good end, and return what it said."""
    done = subprocess.run(
        arguments,
        cwd=ROOT,
        env={**os.environ, "GOGC": "400"},  # a fifth less time
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-8000:]
    return done.stdout


def named(rule: dict[str, Any]) -> str:
    return f"{rule['alert']}-{rule['labels']['severity']}"


each_alert = pytest.mark.parametrize("alert", rules("alert"), ids=named)


def test_rules_and_tests_are_what_their_source_says() -> None:
    run(sys.executable, "alerts/build.py", "--check")


def test_promtool_finds_no_fault_in_the_rules() -> None:
    promtool = program("promtool", package="prometheus")
    files = map(str, sorted((ALERTS / "rules").glob("*.yml")))
    run(promtool, "check", "rules", "--lint=all", "--lint-fatal", *files)


def test_alerts_fire_and_end_when_their_tests_say() -> None:
    promtool = program("promtool", package="prometheus")
    run(promtool, "test", "rules", *map(str, sorted((ALERTS / "tests").glob("*.yml"))))


@cache
def checks() -> dict[tuple[str, str], list[str]]:
    """Return at which times each alert, of each severity, is expected; "" for silence."""
    found: dict[tuple[str, str], list[str]] = {}
    for file in sorted((ALERTS / "tests").glob("*.yml")):
        for test in read(file)["tests"]:
            for check in test.get("alert_rule_test", []):
                for one in check["exp_alerts"] or [{"exp_labels": {"severity": ""}}]:
                    key = (check["alertname"], one["exp_labels"]["severity"])
                    found.setdefault(key, []).append(test["name"])
    return found


@each_alert
def test_an_alert_has_a_test_that_it_fires_and_others_that_it_does_not(
    alert: dict[str, Any],
) -> None:
    found = checks()
    fires = found.get((alert["alert"], alert["labels"]["severity"]), [])
    assert fires
    if alert["alert"] != "Watchdog":  # which is never silent
        silent = found[alert["alert"], ""]
        assert set(silent) & set(fires), "silent just before it fires"
        assert set(silent) | set(fires) > {fires[0]}, "and a case of missing data"


@each_alert
def test_an_alert_has_a_runbook_with_every_section(alert: dict[str, Any]) -> None:
    text = (ALERTS / "runbooks" / f"{alert['alert']}.md").read_text()
    assert text.startswith(f"# {alert['alert']}\n")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    assert tuple(parts[1::2]) == SECTIONS
    assert all(len(part.split()) >= 4 for part in parts[2::2])
    assert "Whose: " in text
    assert alert["annotations"]["runbook_url"].endswith(f"/{alert['alert']}.md")


def test_no_runbook_is_without_its_alert() -> None:
    written = {file.stem for file in (ALERTS / "runbooks").glob("*.md")}
    assert written == {alert["alert"] for alert in rules("alert")}


def families() -> set[str]:
    """Return every family that there is: ours by the README, the neighbours', the rules' own."""
    table = (ROOT / "README.md").read_text().split("<!-- metrics -->")[1]
    lines = (HERE / "neighbours.txt").read_text().splitlines()
    return {
        *re.findall(r"^\| `([a-z_]+)` \|", table, flags=re.MULTILINE),
        *(line.split()[-1] for line in lines if not line.startswith("#")),
        *(rule["record"] for rule in rules("record")),
    }


@pytest.mark.parametrize("kind", ["alert", "record"])
def test_rules_ask_only_for_metrics_that_exist(kind: str) -> None:
    known = families()
    parts = {f"{name}{end}" for name in known for end in ("_count", "_bucket", "_sum")}
    wrong = {
        (rule[kind], name)
        for rule in rules(kind)
        for name in asked(rule)
        if name not in known | parts
    }
    assert not wrong


def test_the_names_of_an_expression_are_found() -> None:
    found = names('sum by (job) (rate(a_total{x=~"b_total"}[5m] offset 1d)) / on (host) c:d:e > 2')
    assert found == {"a_total", "c:d:e"}


@each_alert
def test_an_alert_says_how_bad_it_is_what_it_is_and_where_to_look(alert: dict[str, Any]) -> None:
    notes = alert["annotations"]
    assert alert["labels"]["severity"] in {"critical", "warning", "info", "none"}
    assert re.fullmatch(r"[A-Z][a-z]+([A-Z][a-z]+)*", alert["alert"])
    assert re.fullmatch(r"[A-Z][^{}]+\.", notes["summary"]), "one static sentence"
    assert "{{ $value }}" not in notes["description"] or "lacks" in notes["description"]
    assert re.search(r"/d/nearfield-[a-z]+\?from=", notes["dashboard_url"])
    assert "/explore?schemaVersion=1&panes=%7B" in notes["logs_url"]
    assert not re.search(r"\$value|\$labels", str(alert["labels"])), "no value in a label"
    assert "topk" not in alert["expr"]


def test_a_link_to_a_dashboard_or_panel_leads_to_one() -> None:
    generated = {file.stem: file for file in (ROOT / "dashboards" / "generated").glob("*.json")}
    boards = [read(file) for file in generated.values()]
    panels = {board["uid"]: {panel["id"] for panel in _panels(board["panels"])} for board in boards}
    for alert in rules("alert"):
        url = alert["annotations"]["dashboard_url"]
        [board] = re.findall(r"/d/([a-z0-9-]+)", url)
        assert board in panels, alert["alert"]
        assert {int(panel) for panel in re.findall(r"viewPanel=(\d+)", url)} <= panels[board]


def _panels(panels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for panel in panels for one in (panel, *_panels(panel.get("panels", [])))]


def test_every_threshold_is_used_and_explained() -> None:
    settings = (ALERTS / "settings.yml").read_text()
    source = "".join(file.read_text() for file in (ALERTS / "source").glob("*.yml"))
    thresholds = yaml.safe_load(settings)["thresholds"]
    for name in thresholds:
        assert re.search(rf"\${name}\b", source), name
        assert re.search(rf"^  {name}: .*\n", settings, flags=re.MULTILINE)
