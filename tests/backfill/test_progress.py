"""How far a backfill is, for whoever watches and for a log."""

import io

from exporters.backfill.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_terminal_shows_a_bar_with_rate_and_time_left() -> None:
    out, clock = Terminal(), Clock()
    progress = Progress(1000, out, clock=clock)
    clock.now += 50
    progress.add(250, 100_000)
    bar = "\r\033[K[######..................]  25%  100,000 lines  2,000 lines/s  2:30 left"
    assert out.getvalue() == bar
    clock.now += 0.1
    progress.add(1, 1)
    assert out.getvalue() == bar
    progress.say("a line")
    assert "\r\033[Ka line\n" in out.getvalue()
    progress.finish()
    assert out.getvalue().endswith("\r\033[K")


def test_elsewhere_a_line_comes_every_ten_seconds() -> None:
    out, clock = io.StringIO(), Clock()
    progress = Progress(1000, out, clock=clock)
    for _ in range(40):
        clock.now += 1
        progress.add(10, 1000)
    progress.finish()
    assert out.getvalue().splitlines() == [
        "10%  10,000 lines  1,000 lines/s  1:30 left",
        "20%  20,000 lines  1,000 lines/s  1:20 left",
        "30%  30,000 lines  1,000 lines/s  1:10 left",
        "40%  40,000 lines  1,000 lines/s  1:00 left",
    ]


def test_hours_are_told_as_hours() -> None:
    clock = Clock()
    progress = Progress(1000, io.StringIO(), clock=clock)
    clock.now += 36
    progress.add(1, 1)
    assert progress.status().endswith("9:59:24 left")
