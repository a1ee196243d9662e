"""The `[fastly]` section: its defaults, and what it does not take."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters.core.errors import SettingsError
from exporters.core.quantities import Address
from exporters.core.settings import Section, load
from exporters.fastly.realtime import RealtimeSettings
from exporters.fastly.settings import FastlySettings, S3Settings, SyslogSettings

SECTIONS = (FastlySettings, SyslogSettings, S3Settings, RealtimeSettings)


class Settings(Section):
    fastly: FastlySettings = FastlySettings()


def read(folder: Path, text: str = "", **environ: str) -> FastlySettings:
    file = folder / "nearfield.toml"
    file.write_text(f"[fastly]\n{text}")
    return load(Settings, file, environ).fastly


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(folder, text)
    return list(caught.value.problems)


def test_nothing_is_configured_by_default(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.listen == Address("0.0.0.0", 9581)
    assert settings.token is None
    assert settings.syslog.listen is None
    assert settings.s3.url is None
    assert settings.realtime.token is None
    assert settings.window == "calendar"


def test_the_variables_of_the_environment_are_read(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("old\nnew\n")
    settings = read(
        tmp_path,
        NEARFIELD_FASTLY__LISTEN="127.0.0.1:1",
        NEARFIELD_FASTLY__TOKEN_FILE="token",
        NEARFIELD_FASTLY__SYSLOG__LISTEN=":9582",
        NEARFIELD_FASTLY__SERVICE_IDS="a,b",
    )
    assert settings.listen == Address("127.0.0.1", 1)
    assert settings.token is not None
    assert settings.token.get_secret_value() == "old\nnew"
    assert settings.syslog.listen == Address("", 9582)
    assert settings.service_ids == ("a", "b")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("token_header = 'a b'", "fastly.token_header: wants the name of an HTTP header"),
        ("episode_path = '^/(?P<podcast>'", "fastly.episode_path: wants a regular expression"),
        (
            "episode_path = '^/(?P<podcast>.*)'",
            "fastly.episode_path: wants a regular expression with (?P<episode>…)",
        ),
        (
            "feed_path = '/'",
            "fastly.feed_path: wants a regular expression with (?P<feed>…)",
        ),
        ("line_limit = '2MiB'", "fastly.line_limit: wants at most 341KiB"),
        (
            "window = 'week'",
            'fastly.window: wants one of "calendar", "first-touch" or "last-touch"',
        ),
        (
            "[fastly.s3]\nurl = 'https://x'",
            "fastly.s3.url: wants a bucket and a prefix, such as `s3://bucket/prefix`",
        ),
    ],
)
def test_a_wrong_value_is_told(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, text) == [problem]


def described() -> Iterator[tuple[str, str | None]]:
    for section in SECTIONS:
        for name, field in section.model_fields.items():
            yield f"{section.__name__}.{name}", field.description


@pytest.mark.parametrize(("name", "description"), list(described()))
def test_every_setting_is_described_in_a_sentence(name: str, description: str | None) -> None:
    assert description, name
    assert description.endswith("."), name
