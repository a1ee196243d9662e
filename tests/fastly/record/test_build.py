"""From settings to recorders."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from exporters.core.database import Database
from exporters.core.errors import SettingsError
from exporters.fastly.counting import CountingSettings
from exporters.fastly.record.build import Bench, known_formats, opened
from exporters.fastly.settings import FastlySettings
from exporters.ledger import Ledger


def bench(tmp_path: Path, counting: CountingSettings | None = None, **settings: object) -> Bench:
    database = Database("the ledger", SecretStr("host=nowhere"))
    return Bench(
        FastlySettings.model_validate(settings),
        counting or CountingSettings(),
        tmp_path,
        Ledger(database),
    )


def test_a_worker_keeps_its_name_over_restarts(tmp_path: Path) -> None:
    names = {bench(tmp_path).recorder(number).worker() for number in range(3)}
    assert len(names) == 1
    (tmp_path / "other").mkdir()
    assert bench(tmp_path / "other").recorder().worker() not in names


async def test_a_measurer_has_a_scratch_folder_while_it_is_open(tmp_path: Path) -> None:
    recorder = bench(tmp_path).recorder(1)
    async with opened(recorder.measurer):
        assert recorder.scratch.is_dir()
    assert not recorder.scratch.exists()


def test_a_pattern_that_duckdb_cannot_use_is_a_problem_of_the_settings(tmp_path: Path) -> None:
    pattern = r"^/(?=x)(?P<podcast>[^/]+)/(?P<episode>[^/]+)$"
    with pytest.raises(SettingsError, match="episode_path"):
        bench(tmp_path, episode_path=pattern)


def test_a_file_of_networks_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "bots.txt"
    file.write_text("192.0.2.0/24\nnot a network\n")
    with pytest.raises(SettingsError, match=r"bots\.txt, line 2"):
        bench(tmp_path, CountingSettings(bot_networks=(file,)))


def test_a_format_of_the_settings_comes_first_in_auto() -> None:
    formats = known_formats(CountingSettings(formats={"mine": {"path": "where", "time": "when"}}))
    assert formats["mine"].keys == {"path": ("where",), "time": ("when",)}
    assert formats["auto"].keys["path"][0] == "where"


@pytest.mark.parametrize("formats", [{"csv": {"path": "x"}}, {"mine": {"paht": "x"}}, {"mine": {}}])
def test_a_format_must_have_a_name_of_its_own_and_facts_that_are_known(
    formats: dict[str, dict[str, str]],
) -> None:
    with pytest.raises(ValidationError):
        CountingSettings(formats=formats)
