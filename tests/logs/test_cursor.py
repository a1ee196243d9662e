"""A position finds the first new line again, whatever the times of lines are."""

import pytest

from exporters.logs.cursor import Position, Positions, Resume


def resumed(times: list[int], at: int) -> int:
    """Return how many lines are skipped when `at` of them were taken and all since are read."""
    positions = Positions()
    if at:
        positions.streams["stdout"].advance(times[:at])
    newest = positions.streams["stdout"].newest
    begin = next((n for n, time in enumerate(times) if time >= newest), 0)
    return begin + Resume(positions).seen("stdout", times[begin:])


@pytest.mark.parametrize(
    "times",
    [
        [1, 2, 3, 4],
        [5, 5, 5, 5, 5, 6],
        [5, 6, 7, 2, 3, 4, 8],
        [9, 9, 1, 9, 1, 9, 10],
    ],
    ids=["ascending", "equal", "set back", "both"],
)
def test_a_stream_goes_on_behind_the_last_line_that_was_taken(times: list[int]) -> None:
    for at in range(len(times) + 1):
        assert resumed(times, at) == at


def test_lines_that_were_rotated_away_are_no_reason_to_skip_others() -> None:
    positions = Positions({"stdout": Position(newest=5, count=3), "stderr": Position()})
    assert Resume(positions).seen("stdout", [6, 7]) == 0
    assert Resume(positions).seen("stdout", [5, 6, 7]) == 1


def test_a_quiet_stream_begins_behind_the_newest_line_of_the_other() -> None:
    out, err = Position(newest=9, count=2), Position(newest=1, count=4)
    err.follow(9)
    positions = Positions({"stdout": out, "stderr": err})
    assert positions.since == 9
    resume = Resume(positions)
    assert resume.seen("stderr", [8, 8]) == 2
    assert resume.seen("stdout", [9, 9, 10]) == 2
    # The clock was set back: by its time alone nobody would know this line for a new one.
    assert resume.seen("stderr", [3]) == 0
    assert resume.done


@pytest.mark.parametrize("foreign", [True, False])
def test_a_cursor_is_read_as_it_was_written(foreign: bool) -> None:
    positions = Positions({"stdout": Position(17, 2), "stderr": Position(5, 0, foreign)})
    assert Positions.parse(str(positions)) == positions
    assert (positions.since, positions.newest) == (5, 17)


@pytest.mark.parametrize("text", ["", "x", "1 2 3", "1 2 3 4 5", "1 2 3 x"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Positions.parse(text)
