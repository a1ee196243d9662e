"""Docker's stream is cut into lines, however it arrives."""

import random
from itertools import pairwise

import pytest

from exporters.core.errors import SourceMalformed
from exporters.logs.frames import LONGEST, Frames
from tests.logs.engine_stream import NOW, Logged, frame, sent, stamped


def fed(data: bytes, *cuts: int) -> dict[str, list[tuple[int, str]]]:
    """Return the lines by stream, when the data comes in parts."""
    frames = Frames()
    found: dict[str, list[tuple[int, str]]] = {"stdout": [], "stderr": []}
    for start, end in pairwise([0, *sorted(cuts), len(data)]):
        for lines in frames.feed(data[start:end]):
            found[lines.stream] += zip(lines.times, lines.texts, strict=True)
    return found


def test_frames_become_lines_with_their_times_by_stream() -> None:
    lines = [Logged(NOW + 1, "a"), Logged(NOW + 2, "b", "stderr"), Logged(NOW + 3, "c", "stdin")]
    found = fed(sent(lines))
    assert found == {"stdout": [(NOW + 1, "a"), (NOW + 3, "c")], "stderr": [(NOW + 2, "b")]}


def test_frames_may_be_torn_anywhere() -> None:
    texts = ["", "x" * 266, "ü☃", "x" * 10, "last"]  # sizes whose bytes look like line feeds too
    data = sent(Logged(NOW + n, text) for n, text in enumerate(texts))
    chance = random.Random(1)
    for _ in range(200):
        cuts = [chance.randrange(len(data)) for _ in range(chance.randrange(1, 9))]
        assert [text for _, text in fed(data, *cuts)["stdout"]] == texts


def test_parts_of_a_long_line_are_joined_with_the_time_of_the_first() -> None:
    first, other, last = stamped(NOW, "x" * 16384), stamped(NOW + 9, "in\n"), stamped(NOW, "yü\n")
    data = frame("stdout", first) + frame("stderr", other) + frame("stdout", last)
    for cut in range(0, len(data), 997):
        found = fed(data, cut)
        assert found["stdout"] == [(NOW, "x" * 16384 + "yü")]
        assert found["stderr"] == [(NOW + 9, "in")]


def test_a_letter_that_was_cut_in_two_is_whole_again() -> None:
    snow = "☃".encode()
    data = frame("stdout", stamped(NOW, b"a" + snow[:2])) + frame(
        "stdout", stamped(NOW, snow[2:] + b"\n")
    )
    assert fed(data)["stdout"] == [(NOW, "a☃")]


def test_a_line_without_an_end_takes_no_more_than_its_share_of_memory() -> None:
    part = frame("stdout", stamped(NOW, "x" * 16384))
    [(_, text)] = fed(part * 500 + frame("stdout", stamped(NOW, "\n")))["stdout"]
    assert LONGEST <= len(text) < LONGEST + 2 * 16384


def test_a_message_of_several_lines_stays_one() -> None:
    data = frame("stdout", stamped(NOW, "one\ntwo\n")) + frame("stdout", stamped(NOW + 1, "x\n"))
    assert fed(data)["stdout"] == [(NOW, "one\ntwo"), (NOW + 1, "x")]


def test_a_part_beside_a_message_of_two_lines_is_not_taken_for_two_messages() -> None:
    data = b"".join(
        frame("stdout", stamped(NOW + n, text))
        for n, text in enumerate(["part", "rest\n", "one\ntwo\n"])
    )
    assert fed(data)["stdout"] == [(NOW, "partrest"), (NOW + 2, "one\ntwo")]


def test_a_terminal_has_no_frames() -> None:
    data = stamped(NOW, "a\r\n") + stamped(NOW + 1, "2026-01-01T00:00:00.000000000Z b\r\n")
    expected = [(NOW, "a"), (NOW + 1, "2026-01-01T00:00:00.000000000Z b")]
    for cut in range(len(data)):
        assert fed(data, cut)["stdout"] == expected


def test_a_terminal_s_long_line_is_whole() -> None:
    data = stamped(NOW, "x" * 16384) + stamped(NOW, "y" * 16384) + stamped(NOW, "z\r\n")
    assert fed(data, 20000)["stdout"] == [(NOW, "x" * 16384 + "y" * 16384 + "z")]


def test_colours_go_and_what_is_no_utf8_is_replaced() -> None:
    colours = b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07x\x1b(B \xff\xfe\r\n"
    assert fed(frame("stdout", stamped(NOW, colours)))["stdout"] == [(NOW, "red x \ufffd\ufffd")]


def test_what_the_engine_says_itself_is_no_line() -> None:
    frames = Frames()
    data = frame("stdout", stamped(NOW, "a\n")) + frame("engine", b"Error grabbing logs: EOF\n")
    [lines] = frames.feed(data)
    assert lines.texts == ["a"]
    assert frames.complaint == "Error grabbing logs: EOF"


@pytest.mark.parametrize(
    "data", [b"\x09\0\0\0\0\0\0\x05hello", b"2026 no time\n", b"<html></html>"]
)
def test_what_is_no_log_stream_is_malformed(data: bytes) -> None:
    with pytest.raises(SourceMalformed):
        Frames().feed(data)
