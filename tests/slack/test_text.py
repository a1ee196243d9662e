"""Slack's mark-up from data that nobody vouches for."""

import re
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from exporters.core.errors import SettingsError
from exporters.core.settings import Section, load
from exporters.slack import Message, SlackSettings, build
from exporters.slack.message import LONGEST, MOST, fit, payload
from exporters.slack.settings import Weekly
from exporters.slack.text import bold, code, escape, link, shorten


@given(st.text())
def test_data_can_neither_mention_nor_link(text: str) -> None:
    escaped = escape(text)
    assert "<" not in escaped
    assert ">" not in escaped
    assert re.sub("&(amp|lt|gt);", "", escaped).count("&") == 0


@given(st.text(), st.text())
def test_a_link_is_one_link_whatever_it_is_made_of(url: str, text: str) -> None:
    made = link(url, text)
    assert made.count("<") == made.count(">") <= 1
    assert not made.startswith("<") or made.startswith(("<http://", "<https://"))


def test_a_link_keeps_its_address_and_shows_its_text() -> None:
    assert link("https://git.example/a/commit/f00?x=1&y", "f<00") == (
        "<https://git.example/a/commit/f00?x=1&amp;y|f&lt;00>"
    )
    assert link("javascript:alert(1)", "x") == "x"
    assert link("https://a|b> c", "x") == "<https://a%7Cb%3E%20c|x>"
    assert link("http://[", "x") == "x"


def test_bold_and_code_do_not_break_out() -> None:
    assert bold("a*b") == "*a b*"
    assert bold("*") == ""
    assert code("can't\n`x` <y>") == "`can't 'x' &lt;y&gt;`"
    assert code(" \n") == ""


def test_a_text_that_is_too_long_says_so() -> None:
    assert shorten("abcdef", 4) == "abc…"
    assert shorten("abcd", 4) == "abcd"


@given(st.lists(st.text().map(Message), max_size=50))
def test_every_post_is_one_that_slack_takes_and_all_messages_find_one(
    messages: list[Message],
) -> None:
    posted = 0
    while messages:
        count = fit(messages)
        assert 1 <= count <= MOST
        text = payload(messages[:count])["text"]
        assert isinstance(text, str)
        assert text
        assert len(text) <= LONGEST
        posted += count
        messages = messages[count:]


def test_a_message_of_any_length_is_one_that_slack_takes() -> None:
    assert len(Message("x" * 100_000).shown) == LONGEST


class Settings(Section):
    slack: SlackSettings = SlackSettings()


def settings(tmp_path: Path, text: str) -> SlackSettings:
    file = tmp_path / "nearfield.toml"
    file.write_text(f"[slack]\n{text}")
    model: type[BaseModel] = Settings
    loaded = load(model, file, {})
    assert isinstance(loaded, Settings)
    return loaded.slack


def test_the_defaults_are_those_of_the_design() -> None:
    defaults = SlackSettings()
    assert str(defaults.digest) == "Mon 08:00"
    assert (defaults.timezone, defaults.webhook_url, defaults.prometheus_url) == (UTC, None, None)
    assert str(defaults.timezone) == "UTC"
    assert build(defaults) is None


def test_settings_are_read_and_the_webhook_is_a_secret(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("https://hooks.slack.com/services/T0/B0/sesame\n")
    read = settings(
        tmp_path,
        'webhook_url_file = "hook"\ndigest = "Fri 17:30"\ntimezone = "Europe/Berlin"\n'
        'prometheus_url = "http://prometheus:9090/"',
    )
    assert read.digest == Weekly(4, 17, 30)
    assert read.timezone == ZoneInfo("Europe/Berlin")
    assert read.prometheus_url == "http://prometheus:9090"
    assert read.webhook_url
    assert read.webhook_url.get_secret_value().endswith("sesame")
    assert "sesame" not in repr(read)
    assert build(read)


@pytest.mark.parametrize(
    "line",
    [
        'webhook_url = "sesame"',
        'webhook_url = "ftp://x/sesame"',
        'digest = "Mon 24:00"',
        'digest = "Montag 8:00"',
        'timezone = "Mars/Olympus"',
        'timezone = "../etc/passwd"',
        "timezone = 3",
        'prometheus_url = "prometheus:9090"',
    ],
)
def test_what_cannot_be_meant_is_one_problem_with_its_cure(tmp_path: Path, line: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(tmp_path, line)
    [problem] = refused.value.problems
    assert problem.startswith(f"slack.{line.split(maxsplit=1)[0]}: wants ")
    assert "sesame" not in problem
