"""What is written for users is checked against the code."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

from prometheus_client import CollectorRegistry
from pydantic import BaseModel, SecretStr

from exporters import app
from exporters.core.database import Database
from exporters.core.settings import load
from exporters.core.settings.model import secret_names, subsections
from exporters.core.telemetry import Telemetry
from exporters.downloads.queries import Queries

ROOT = Path(__file__).parents[2]


def test_the_readme_has_the_settings_and_metrics_of_the_code() -> None:
    done = subprocess.run(
        [sys.executable, "docs/reference.py", "--check"], cwd=ROOT, timeout=60, check=False
    )
    assert done.returncode == 0, "run `make format`"


def example(tmp_path: Path, text: str) -> app.Settings:
    file = tmp_path / "nearfield.toml"
    file.write_text(text)
    for name in ("app_dsn", "ledger_dsn"):
        (tmp_path / name).write_text("dbname=x")
    for name in ("fastly_token", "syslog_token", "s3_secret", "fastly_api_token"):
        (tmp_path / name).write_text("secret")
    (tmp_path / "slack_webhook").write_text("https://slack.invalid/x")
    return load(app.Settings, file, {})


def test_the_example_settings_can_be_used_as_they_are(tmp_path: Path) -> None:
    example(tmp_path, (ROOT / "nearfield.example.toml").read_text())


def tables(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    for name, section in subsections(model).items():
        yield f"{path}{name}", section
        yield from tables(section, f"{path}{name}.")


def test_the_example_shows_every_setting_with_its_default(tmp_path: Path) -> None:
    text = (ROOT / "nearfield.example.toml").read_text()
    # What is indented behind its # goes with another value of the setting above it.
    shown = example(tmp_path, re.sub(r"^# (\w+ = |\[)", r"\1", text, flags=re.MULTILINE))
    written = dict(
        re.findall(r"^(?:# )?\[([\w.]+)\](.*?)(?=^(?:# )?\[|\Z)", text, re.DOTALL | re.MULTILINE)
    )
    for path, section in tables(app.Settings):
        used, secrets = attrgetter(path)(shown), secret_names(section)
        for field in section.model_fields.keys() - subsections(section).keys():
            default = getattr(section(), field)
            assert re.search(rf"\b{field}{'_file' if field in secrets else ''} = ", written[path])
            if default not in (None, ()) and field not in secrets:
                assert getattr(used, field) == default, f"{path}.{field}"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


def test_every_settings_block_of_the_readme_can_be_used_as_it_is(tmp_path: Path) -> None:
    for name in ("grafana_token", "slack_webhook"):
        (tmp_path / name).write_text("x")
    assert len(blocks("toml")) > 5
    for block in blocks("toml"):
        example(tmp_path, block)


def test_every_metric_that_the_readme_asks_for_is_in_its_table() -> None:
    known = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    asked = {
        name.removesuffix("_bucket")
        for block in blocks("promql")
        for name in re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b(?!\()", re.sub("#.*", "", block))
    }
    assert len(asked) > 8
    assert asked <= known


def test_the_readme_s_own_metric_is_one(tmp_path: Path) -> None:
    [block] = re.findall(
        r"```yaml\n(# queries/.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    (tmp_path / "feeds.yml").write_text(block)
    nowhere = Database("nowhere", SecretStr(""))
    queries = Queries(
        [tmp_path / "feeds.yml"], {"app": nowhere}, Telemetry(CollectorRegistry(), "0")
    )
    checked = asyncio.run(queries.check())
    assert checked.problems == ()
    assert "podcast_private_feeds" in checked.notes[0]


def test_contributing_gives_a_reason_for_every_dependency() -> None:
    reasons = (ROOT / "CONTRIBUTING.md").read_text().lower()
    project = (ROOT / "pyproject.toml").read_text()
    listed = re.findall(r'^    "([a-z0-9.-]+)', project.split("[tool.")[0], flags=re.MULTILINE)
    assert listed
    assert [name for name in listed if name not in reasons] == []


def test_no_file_names_a_host_of_a_package_registry() -> None:
    text = (ROOT / "constraints.txt").read_text()
    assert not re.search(r"https?:|--|@ ", text)
