"""`nearfield dashboards build`: what is committed and shipped is what the sources say."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from dashboards import build
from exporters.cli import main
from tests.dashboards.generated import dashboards

ROOT = Path(__file__).parents[2]
PROVISIONING = ROOT / "dashboards" / "provisioning"


def test_what_is_committed_is_what_the_sources_say() -> None:
    assert build.drift(build.GENERATED) == [], "run `nearfield dashboards build`"


def test_grafanalib_s_own_command_writes_the_same(tmp_path: Path) -> None:
    source = ROOT / "dashboards" / "slice.dashboard.py"
    command = Path(sys.executable).with_name("generate-dashboard")
    written = tmp_path / "slice.json"
    subprocess.run([command, "-o", written, source], check=True, timeout=60, cwd=ROOT)
    assert json.loads(written.read_text()) == dashboards()["nearfield-slice"]


def test_building_twice_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dashboards", "build", "--out", str(tmp_path / "new")]) == 0
    assert capsys.readouterr().out.startswith("12 dashboards changed")
    assert main(["dashboards", "build", "--out", str(tmp_path / "new")]) == 0
    assert capsys.readouterr().out.startswith("0 dashboards changed")


def test_a_check_tells_what_is_missing_edited_and_left_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build.write(tmp_path)
    (tmp_path / "now.json").write_text("{}")
    (tmp_path / "cdn.json").unlink()
    (tmp_path / "old.json").write_text("{}")
    assert main(["dashboards", "build", "--check", "--out", str(tmp_path)]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "cdn.json, now.json, old.json" in line
    build.write(tmp_path)
    assert build.drift(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["dashboards", "build", "--out", str(tmp_path / "file" / "folder")]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_wheel_holds_the_dashboards(tmp_path: Path) -> None:
    # Built in this environment: hatchling is there, and nothing has to be fetched.
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, check=True, timeout=120, cwd=ROOT, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    generated = {f"dashboards/generated/{path.name}" for path in build.GENERATED.glob("*.json")}
    assert generated <= names
    assert {"dashboards/now.dashboard.py", "dashboards/lib/panels.py"} <= names
    assert "dashboards/provisioning/datasources/nearfield.yml" in names


def sources() -> dict[str, dict[str, object]]:
    read = yaml.safe_load((PROVISIONING / "datasources" / "nearfield.yml").read_text())
    return {each["uid"]: each for each in read["datasources"]}


def test_data_sources_have_uids_that_never_change() -> None:
    assert {uid: each["type"] for uid, each in sources().items()} == {
        "nearfield-prometheus": "prometheus",
        "nearfield-loki": "loki",
        "nearfield-ledger": "postgres",
        "nearfield-alertmanager": "alertmanager",
    }


def test_no_secret_is_written_into_the_data_sources() -> None:
    assert sources()["nearfield-ledger"]["secureJsonData"] == {
        "password": "$NEARFIELD_LEDGER_PASSWORD"
    }


def test_derived_fields_lead_to_sources_and_dashboards_that_are_there() -> None:
    fields = sources()["nearfield-loki"]["jsonData"]["derivedFields"]  # type: ignore[index]
    assert fields
    for each in fields:
        assert each.get("datasourceUid", "nearfield-loki") in sources()
        assert "$${__value.raw}" in each["url"]
        if each["url"].startswith("/d/"):
            assert each["url"].removeprefix("/d/").split("?")[0] in dashboards()


def test_the_provider_has_one_folder_with_a_uid_of_its_own() -> None:
    read = yaml.safe_load((PROVISIONING / "dashboards" / "nearfield.yml").read_text())
    [provider] = read["providers"]
    assert provider["folderUid"] == "nearfield"
    assert provider["allowUiUpdates"] is False
    assert provider["options"]["foldersFromFilesStructure"] is False
