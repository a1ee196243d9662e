"""Who is told, and in which words."""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.alerts.rules import ALERTS, read, rules
from tests.programs import program

CONFIG = ALERTS / "alertmanager.yml"
GOLDEN = Path(__file__).parent / "golden"
BEGAN = datetime(2026, 10, 9, 2, 57, tzinfo=UTC)
PARTS = ("title", "text", "fallback", "color", "runbook", "dashboard", "logs", "query", "silence")


SERVICES = sorted({a["labels"]["service"] for a in rules("alert") if "service" in a["labels"]})
"""Those that rules name; those of containers are any."""


def amtool(*arguments: str) -> str:
    """Run amtool to its good end, and return what it said."""
    done = subprocess.run(
        [program("amtool", package="prometheus-alertmanager"), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_alertmanager_takes_its_settings() -> None:
    assert "SUCCESS" in amtool("check-config", str(CONFIG))


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"alertname": "Watchdog", "severity": "none", "service": "alerting"}, "switch"),
        ({"alertname": "Anything", "severity": "info", "service": "app"}, "nobody"),
        *[
            ({"alertname": "Anything", "severity": severity, "service": service}, "slack")
            for severity in ("critical", "warning")
            for service in (*SERVICES, "a-container")
        ],
        ({"alertname": "Anything"}, "slack"),
    ],
)
def test_an_alert_goes_where_its_severity_and_service_say(
    labels: Mapping[str, str], receiver: str
) -> None:
    pairs = [f"{name}={value}" for name, value in labels.items()]
    said = amtool(
        "config",
        "routes",
        "test",
        f"--config.file={CONFIG}",
        f"--verify.receivers={receiver}",
        *pairs,
    )
    assert said.strip() == receiver


def test_every_alert_goes_to_slack_but_the_watchdog() -> None:
    kinds = {(a["alert"], a["labels"]["severity"]) for a in rules("alert")}
    assert {name for name, severity in kinds if severity == "none"} == {"Watchdog"}
    assert {severity for name, severity in kinds if name != "Watchdog"} == {"critical", "warning"}


def test_what_mutes_and_what_is_muted_are_alerts_that_exist() -> None:
    names = {alert["alert"] for alert in rules("alert")}
    for inhibition in read(CONFIG)["inhibit_rules"]:
        for matcher in inhibition["source_matchers"] + inhibition["target_matchers"]:
            found = re.fullmatch(r'alertname =~? "(.*)"', matcher)
            patterns = re.split(r"\|(?![^(]*\))", found[1]) if found else []
            for pattern in patterns:
                assert any(re.fullmatch(pattern, name) for name in names), pattern


def test_secrets_are_in_files_and_nights_are_quiet_for_warnings_alone() -> None:
    config = read(CONFIG)
    assert set(config["global"]) == {"slack_api_url_file", "resolve_timeout"}
    muted = [route for route in config["route"]["routes"] if "mute_time_intervals" in route]
    assert [route["matchers"] for route in muted] == [['severity = "warning"']]


def alert(
    name: str, labels: Mapping[str, str], description: str, *, over: timedelta | None = None
) -> dict[str, Any]:
    """Return an alert as Alertmanager hands it to templates, as the rules would have it."""
    rule = next(rule for rule in rules("alert") if rule["alert"] == name)
    home = "https://grafana.example.org"
    return {
        "status": "resolved" if over else "firing",
        "labels": {"alertname": name, **rule["labels"], **labels},
        "annotations": {
            "summary": rule["annotations"]["summary"],
            "description": description,
            "runbook_url": f"https://example.org/runbooks/{name}.md",
            "dashboard_url": f"{home}/d/nearfield-now?from=1&to=2",
            "logs_url": f"{home}/explore?schemaVersion=1&panes=%7B%7D",
        },
        "startsAt": BEGAN.isoformat(),
        "endsAt": (BEGAN + over if over else BEGAN).isoformat(),
        "generatorURL": "https://prometheus.example.org/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
    }


def group(alerts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the data of a message about a group of alerts."""
    common = set.intersection(*({*each["labels"].items()} for each in alerts))
    firing = any(each["status"] == "firing" for each in alerts)
    return {
        "receiver": "slack",
        "status": "firing" if firing else "resolved",
        "alerts": alerts,
        "groupLabels": {},
        "commonLabels": dict(sorted(common)),
        "commonAnnotations": {},
        "externalURL": "https://alerts.example.org",
    }


STORIES = {
    "database_down": [
        alert(
            "DatabaseDown",
            {"instance": "db:9187"},
            "db:9187 refuses connections or is gone, for a minute and more. About 120 downloads"
            " fewer than expected in the last hour.",
        )
    ],
    "outside_down_seven_ways": [
        alert(
            "OutsideDown",
            {"instance": f"https://example.org/{n}", "what": "feed", "ip_version": "6"},
            f"feed https://example.org/{n} fails over IPv6, for 2 minutes and more.",
        )
        for n in range(7)
    ],
    "odd_names": [
        alert(
            "ContainerUnhealthy",
            {"service": 'a&b <c> "d"', "stack": "www", "name": "x y+z"},
            "x y+z of a&b <!channel> fails its own health check.",
        )
    ],
    "some_over": [
        alert("ContainerThrottled", {"service": "app", "stack": "", "name": "a"}, "a waits."),
        alert(
            "ContainerThrottled",
            {"service": "app", "stack": "", "name": "b"},
            "b waits.",
            over=timedelta(minutes=3),
        ),
    ],
    "resolved": [
        alert(
            "DeployFailed",
            {"service": "app", "stack": "www"},
            "app of www: a new version did not come up, and nothing brought the old one back.",
            over=timedelta(hours=1, minutes=4, seconds=7.4),
        )
    ],
}


def rendered(data: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Return the parts of a message as Alertmanager would send them."""
    (folder / "data.json").write_text(json.dumps(data))
    mark = "\n=====\n"
    text = mark.join(f'{{{{ template "nearfield.{part}" . }}}}' for part in PARTS)
    said = amtool(
        "template",
        "render",
        f"--template.glob={ALERTS / 'templates' / '*.tmpl'}",
        f"--template.data={folder / 'data.json'}",
        f"--template.text={text}",
    )
    return dict(zip(PARTS, said.removesuffix("\n").split(mark), strict=True))


@pytest.mark.parametrize("story", STORIES)
def test_a_message_reads_as_it_always_did(story: str, tmp_path: Path) -> None:
    parts = rendered(group(STORIES[story]), tmp_path)
    shown = "".join(f"{name}: {text}\n" for name, text in parts.items())
    golden = GOLDEN / f"{story}.txt"
    if not golden.exists():
        golden.write_text(shown)
        pytest.fail(f"{golden} was not there: look at it")
    assert shown == golden.read_text()


@pytest.mark.parametrize("story", STORIES)
def test_nothing_in_a_message_is_empty_or_unescaped(story: str, tmp_path: Path) -> None:
    parts = rendered(group(STORIES[story]), tmp_path)
    assert all(text.strip() == text and text for text in parts.values())
    for name in ("title", "text", "fallback"):
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", parts[name])
    for name in ("runbook", "dashboard", "logs", "query", "silence"):
        assert re.fullmatch(r"https://[!-;=?-~]+", parts[name])
    assert parts["text"].count("•") <= 5
    assert len(parts["title"]) < 150


def test_a_silence_is_for_what_all_alerts_of_the_message_share(tmp_path: Path) -> None:
    parts = rendered(group(STORIES["odd_names"]), tmp_path)
    matchers = unquote(parts["silence"].partition("filter=")[2])
    assert r'service="a&b <c> \"d\""' in matchers
    assert matchers.endswith('alertname="ContainerUnhealthy"}')


def test_a_message_without_links_still_has_addresses_for_its_buttons(tmp_path: Path) -> None:
    data = group([{**STORIES["resolved"][0], "annotations": {"summary": "S."}, "generatorURL": ""}])
    parts = rendered(data, tmp_path)
    assert {parts[name] for name in ("runbook", "dashboard", "logs", "query")} == {
        "https://alerts.example.org"
    }
