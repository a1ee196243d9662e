"""What follows from another thing is not told beside it: asked of a real Alertmanager."""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from tests.alerts.rules import ALERTS, rules
from tests.alerts.stack import process
from tests.e2e.processes import free_port, get, until
from tests.programs import program

Labels = Mapping[str, str]

NUMBERS = count()


def labelled(name: str, labels: Labels) -> dict[str, str]:
    """Return all labels of an alert; its severity is the first of those that its rules have."""
    rule = next(rule for rule in rules("alert") if rule["alert"] == name)
    return {"alertname": name, **rule["labels"], **labels}


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an Alertmanager with our settings; it waits before it tells anybody."""
    folder = tmp_path_factory.mktemp("alertmanager")
    address = f"127.0.0.1:{free_port()}"
    with process(
        folder,
        program("prometheus-alertmanager", "alertmanager", package="prometheus-alertmanager"),
        f"--config.file={ALERTS / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ):
        url = f"http://{address}"
        until(lambda: get(f"{url}/-/ready")[0] == 200, "Alertmanager is up")
        yield url


def post(url: str, alerts: list[dict[str, str]], lasts: timedelta) -> None:
    """Tell of alerts as Prometheus does."""
    ends = (datetime.now(UTC) + lasts).isoformat()
    body = json.dumps([{"labels": labels, "endsAt": ends} for labels in alerts]).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/api/v2/alerts", body, headers)
    urllib.request.urlopen(request, timeout=10).close()


def muted_by(url: str) -> dict[frozenset[tuple[str, str]], list[str]]:
    """Return what mutes each alert, by the alert's labels."""
    status, text = get(f"{url}/api/v2/alerts")
    assert status == 200, text
    return {frozenset(a["labels"].items()): a["status"]["inhibitedBy"] for a in json.loads(text)}


@pytest.mark.parametrize(
    ("cause", "other", "muted"),
    [
        (("DatabaseDown", {}), ("NearfieldSourceStale", {}), True),
        (("DatabaseDown", {}), ("ErrorBudgetBurnsFast", {"slo": "site"}), True),
        (("DatabaseDown", {}), ("DownloadsFarUnderExpectation", {}), True),
        (("DatabaseDown", {}), ("FastlySilent", {}), False),
        (("DatabaseDown", {}), ("HostDiskFullSoon", {}), False),
        (("NearfieldDown", {}), ("SpoolGrowing", {}), True),
        (("NearfieldDown", {}), ("ContainerUnhealthy", {}), True),
        (("NearfieldDown", {}), ("OutsideDown", {}), False),
        (("TargetDown", {"instance": "a"}), ("HostOverloaded", {"instance": "a"}), True),
        (("TargetDown", {"instance": "a"}), ("HostOverloaded", {"instance": "b"}), False),
        (("FastlySilent", {}), ("DownloadsFarUnderExpectation", {}), True),
        (("OutsideDown", {"what": "origin"}), ("CdnOriginErrors", {}), True),
        (("OutsideDown", {"what": "feed"}), ("CdnOriginErrors", {}), False),
        (("ErrorBudgetBurnsFast", {"slo": "a"}), ("ErrorBudgetBurnsSlowly", {"slo": "a"}), True),
        (("ErrorBudgetBurnsFast", {"slo": "a"}), ("ErrorBudgetBurnsSlowly", {"slo": "b"}), False),
        (("DeployFailed", {"service": "a"}), ("SwarmReplicasMissing", {"service": "a"}), True),
        (("DeployFailed", {"service": "a"}), ("SwarmReplicasMissing", {"service": "b"}), False),
        (
            ("ContainerOutOfMemory", {"service": "a"}),
            ("ContainerRestartLoop", {"service": "a"}),
            True,
        ),
    ],
    ids=lambda each: each if isinstance(each, bool) else " ".join([each[0], *each[1].values()]),
)
def test_a_cause_mutes_what_follows_from_it_and_nothing_else(
    alertmanager: str, cause: tuple[str, Labels], other: tuple[str, Labels], *, muted: bool
) -> None:
    # Alertmanager looks at alerts a moment after it took them, one after the other: when it mutes
    # the last of them, it knows all.
    last = {"service": f"last{next(NUMBERS)}"}
    control = [labelled("DeployFailed", last), labelled("SwarmReplicasMissing", last)]
    alerts = [labelled(*cause), labelled(*other), *control]
    a_cause, another, _, the_last = (frozenset(each.items()) for each in alerts)
    post(alertmanager, alerts, timedelta(minutes=5))
    try:
        until(lambda: muted_by(alertmanager)[the_last], "it has looked at all of them")
        found = muted_by(alertmanager)
        assert found[a_cause] == []
        assert bool(found[another]) is muted
    finally:
        post(alertmanager, alerts, timedelta())
