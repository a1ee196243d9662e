"""What the neighbours of a demo are told, judged by their own checkers."""

import json
import subprocess
from pathlib import Path

from exporters.core.quantities import Address
from exporters.demo.neighbours import Neighbour
from exporters.demo.watchers import Alertmanager, BlackboxExporter, NodeExporter, Prometheus
from tests.programs import program


def written(neighbour: Neighbour, folder: Path) -> Path:
    """Return the configuration that a neighbour writes when it is started."""
    folder.mkdir()
    [file] = [
        argument.removeprefix("--config.file=")
        for argument in neighbour.arguments()
        if argument.startswith("--config.file=")
    ]
    return Path(file)


def judged(file: Path, *checker: str) -> None:
    done = subprocess.run([*checker, str(file)], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_alertmanager_takes_its_configuration_with_and_without_slack(tmp_path: Path) -> None:
    amtool = program("amtool", package="prometheus-alertmanager")
    webhook = tmp_path / "webhook"
    webhook.write_text("https://slack.invalid/x")
    for number, slack in enumerate((None, webhook)):
        folder = tmp_path / str(number)
        folder.mkdir()
        file = written(Alertmanager(folder, slack), folder / "alertmanager")
        judged(file, amtool, "check-config")
        assert (str(webhook) in file.read_text()) is (slack is not None)


def test_prometheus_scrapes_those_that_were_started_and_knows_our_rules(tmp_path: Path) -> None:
    promtool = program("promtool", package="prometheus")
    others: dict[str, Neighbour] = {
        "node": NodeExporter(tmp_path),
        "alertmanager": Alertmanager(tmp_path),
    }
    others["outside"] = BlackboxExporter(tmp_path)
    others["alertmanager"].url = "http://127.0.0.1:9093"
    others["outside"].url = "http://127.0.0.1:9115"
    prometheus = Prometheus(tmp_path, Address("127.0.0.1", 9580), others)
    file = written(prometheus, tmp_path / "prometheus")
    judged(file, promtool, "check", "config")
    told = json.loads(file.read_text())
    assert [job["job_name"] for job in told["scrape_configs"]] == [
        *("alertmanager", "nearfield", "prometheus", "outside")
    ]
    assert told["alerting"]["alertmanagers"] == [
        {"static_configs": [{"targets": ["127.0.0.1:9093"]}]}
    ]
    assert told["rule_files"][0].endswith("alerts/rules/*.yml")
