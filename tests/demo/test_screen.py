"""What a person sees of the demo: lines that stay, and on a terminal one that lives."""

import io

import pytest

from exporters.demo.screen import Screen
from exporters.demo.status import Seen

ERASE = "\r\x1b[2K"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_living_line_stays_below_what_is_said() -> None:
    out = Terminal()
    screen = Screen(out)
    screen.live("now", "1 line")
    screen.say("history", "is counted")
    screen.live("now", "2 lines")
    screen.live("now", "")
    assert out.getvalue() == (
        f"  now           1 line\r{ERASE}  history       is counted\n"
        f"  now           1 line\r{ERASE}  now           2 lines\r{ERASE}"
    )


def test_a_living_line_is_never_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    out = Terminal()
    Screen(out).live("now", "x" * 200)
    assert len(out.getvalue().rstrip("\r")) == 39


def test_a_file_gets_lines_and_nothing_that_lives() -> None:
    out = io.StringIO()
    screen = Screen(out)
    with screen.step("sample data") as step:
        step.result = "12 shows"
    screen.live("now", "1 line")
    assert out.getvalue().startswith("  sample data   12 shows (0.0 s)")
    assert "\x1b" not in out.getvalue()
    assert "now" not in out.getvalue()


def test_the_status_tells_what_is_counted_and_what_is_late() -> None:
    figures = {"downloads_last_minute": 1234.0, "cdn_lines_per_second": 250.4}
    seen = Seen.parse({"figures": figures, "sources": {"all": 14, "late": 1}})
    assert seen.line(65) == (
        "1,234 downloads in the last minute · 250 lines/s · 13 of 14 sources fresh · 1:05"
    )


def test_the_status_leaves_out_what_is_not_there_yet() -> None:
    seen = Seen.parse({"figures": {}, "sources": {"all": 2, "late": 0}})
    assert seen.line(5) == "2 of 2 sources fresh · 0:05"
