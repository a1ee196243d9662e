from pathlib import Path

import pytest
from pydantic import ValidationError

from exporters.downloads import DownloadsSettings


def test_the_defaults_are_those_of_the_documentation() -> None:
    assert DownloadsSettings().model_dump() == {
        "app_dsn": None,
        "interval": 60.0,
        "query_timeout": 10.0,
        "ledger_interval": 2.0,
        "queries": (),
        "series_limit": 50_000,
        "label_limit": 5_000,
    }


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in DownloadsSettings.model_fields.values())


def test_patterns_start_at_the_folder_of_the_settings() -> None:
    settings = DownloadsSettings.model_validate(
        {"queries": ["queries/*.yml", "/etc/own.yml"]}, context={"folder": Path("/srv")}
    )
    assert settings.queries == (Path("/srv/queries/*.yml"), Path("/etc/own.yml"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("interval", "0s"), ("interval", 60), ("series_limit", 0), ("queries", "x.yml"), ("dsn", "")],
)
def test_what_makes_no_sense_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        DownloadsSettings.model_validate({name: value})


def test_the_connection_string_is_hidden() -> None:
    settings = DownloadsSettings.model_validate({"app_dsn": "password=hunter-2-secret"})
    assert "hunter" not in repr(settings) + str(settings) + settings.model_dump_json()
