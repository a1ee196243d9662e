"""What Grafana and Loki are told, and which of two programs of the name Loki is meant."""

import json
import re
from pathlib import Path

import pytest
import yaml

from exporters.demo import grafana
from exporters.demo.grafana import Grafana, Loki
from exporters.demo.watchers import Alertmanager

ROOT = Path(__file__).parents[2]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install(folder: Path, name: str, says: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)


async def test_only_the_loki_of_grafana_is_one(installed: Path, tmp_path: Path) -> None:
    assert await Loki(tmp_path).program() is None
    install(installed, "loki", "LOKI 2.4.7 (linkage analysis)")
    assert await Loki(tmp_path).program() is None
    install(installed, "loki", "loki, version 3.5.1 (branch: HEAD)")
    assert await Loki(tmp_path).program() == str(installed / "loki")


def test_loki_has_the_settings_of_the_stack_and_an_address_and_a_folder_of_its_own(
    tmp_path: Path,
) -> None:
    loki = Loki(tmp_path)
    (tmp_path / "loki").mkdir()
    [argument] = loki.arguments()
    told = yaml.safe_load(Path(argument.removeprefix("-config.file=")).read_text())
    theirs = yaml.safe_load((ROOT / "stack" / "loki.yml").read_text())
    assert told["limits_config"] == theirs["limits_config"]
    assert loki.address.endswith(f":{told['server']['http_listen_port']}")
    assert told["server"]["http_listen_address"] == "127.0.0.1"
    assert told["common"]["path_prefix"] == str(tmp_path / "loki" / "data")
    assert "/loki" not in json.dumps(told, default=str).replace(str(tmp_path / "loki"), "")


async def test_grafana_has_our_dashboards_and_asks_the_neighbours_that_run(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "public").mkdir(parents=True)
    monkeypatch.setattr(grafana, "_HOMES", (str(home),))
    install(installed, "grafana", "")
    alertmanager = Alertmanager(tmp_path)
    alertmanager.url = "http://127.0.0.1:19093"
    ledger = "host=/x/socket port=5432 dbname=nearfield user=reader"
    shown = Grafana(tmp_path, ledger, {"alertmanager": alertmanager, "loki": Loki(tmp_path)})
    assert await shown.program() == str(installed / "grafana")
    assert [*shown.arguments()] == ["server", "--homepath", str(home)]
    folder = Path(shown.environment()["GF_PATHS_PROVISIONING"])
    sources = yaml.safe_load((folder / "datasources" / "nearfield.yml").read_text())
    urls = {each["name"]: each["url"] for each in sources["datasources"]}
    assert urls["Alertmanager"] == "http://127.0.0.1:19093"
    assert urls["Loki"] == "http://loki:3100", "where none runs nothing is made up"
    boards = yaml.safe_load((folder / "dashboards" / "nearfield.yml").read_text())
    assert (Path(boards["providers"][0]["options"]["path"]) / "now.json").exists()
    told = (folder / "datasources" / "nearfield.yml").read_text()
    wanted = set(re.findall(r"\$(NEARFIELD_\w+)", told))
    assert wanted <= shown.environment().keys()
    assert wanted
