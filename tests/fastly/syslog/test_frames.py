"""Messages come out as they were sent, wherever the stream is cut."""

from hypothesis import given
from hypothesis import strategies as st

from exporters.fastly.bodies import TooLong
from exporters.fastly.syslog.frames import Frames
from tests.fastly.bodies.encodings import cut

HEADER = b"<134>2016-07-04T22:37:26Z cache-sjc3128 Log[62959]: "
texts = st.binary(max_size=60).map(lambda text: text.translate(None, b"\r\n"))
messages = st.tuples(
    st.sampled_from([HEADER, b"a-token " + HEADER, b"12345 "]), texts, st.booleans()
).map(lambda each: (each[0] + each[1], each[2] and each[0] != b"12345 "))
"""A message, and whether it is sent with its length."""


def frames(sent: bytes, sizes: list[int], limit: int = 1000) -> tuple[list[bytes], TooLong]:
    too_long = TooLong()
    parser = Frames(limit, too_long)
    found = [message for piece in cut(sent, sizes) for message in parser.feed(piece)]
    return [*found, *parser.finish()], too_long


def framed(message: bytes, counted: bool) -> bytes:
    return b"%d %s" % (len(message), message) if counted else message + b"\n"


@given(st.lists(messages, max_size=10), st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_both_framings_are_read_even_mixed(
    sent: list[tuple[bytes, bool]], sizes: list[int]
) -> None:
    stream = b"".join(framed(message, counted) for message, counted in sent)
    assert frames(stream, sizes)[0] == [message for message, _ in sent]


@given(st.integers(1, 300), st.booleans())
def test_a_long_message_is_left_out_and_its_neighbours_stay(size: int, counted: bool) -> None:
    short, long = HEADER + b"short", HEADER + b"x" * 500
    stream = b"".join(framed(message, counted) for message in (short, long, short, short))
    found, too_long = frames(stream, [size], limit=200)
    assert found == [short] * 3
    assert too_long.count == 1
    assert too_long.heads[0].startswith(HEADER[:5])


@given(st.integers(1, 30))
def test_a_message_whose_end_does_not_come_is_given_as_it_is(size: int) -> None:
    assert frames(HEADER + b"text", [size])[0] == [HEADER + b"text"]
    assert frames(b"500 " + HEADER + b"text", [size])[0] == [HEADER + b"text"]


@given(st.binary(max_size=3000), st.integers(1, 500))
def test_random_bytes_are_bounded(stream: bytes, size: int) -> None:
    found, _ = frames(stream, [size], limit=100)
    assert all(len(message) <= 200 for message in found)
