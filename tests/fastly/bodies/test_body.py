"""What was sent is what comes out: whatever the encoding, wherever it is cut."""

import json
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from exporters.fastly.bodies import Body, Decoded, Limits
from exporters.fastly.bodies.inflate import STEP
from exporters.fastly.lines import clean
from exporters.fastly.receive_refusals import Corrupt, Refused, TooLarge, UnknownEncoding
from exporters.fastly.segment import digest
from tests.fastly.bodies.encodings import ENCODERS, MAGIC, cut

MANY = Limits(body=10**8, inflated=10**8)
LONG = Limits(body=10**8, inflated=10**8, ratio=10**4, line=10**7)

raw_lines = st.lists(
    st.binary(max_size=40)
    .map(lambda line: line.translate(None, b"\r\n"))
    .filter(lambda line: line and not line.lstrip().startswith((b"[", b"\xef"))),
    min_size=1,
    max_size=20,
)
sizes = st.lists(st.integers(1, 50), min_size=1, max_size=5)
awkward = st.sampled_from(['},{"a":', "},{", '"', "\\", '\\"', "[{", "}]", "\n", "é", "{", '":'])
texts = (
    st.lists(st.one_of(awkward, st.text(max_size=5)), max_size=4)
    .map("".join)
    .filter(
        lambda text: not text.lstrip().startswith(":")  # see `split`
    )
)
keys = st.text(max_size=5).filter(lambda key: key.strip(" ,{}[]") != "" and ":" not in key[:1])
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=8,
)
objects = st.lists(st.dictionaries(keys, values, min_size=1, max_size=4), max_size=8)


def decode(body: bytes, encoding: str = "", limits: Limits = MANY) -> tuple[list[bytes], Decoded]:
    return decode_pieces([body], encoding, limits)


def decode_pieces(
    pieces: list[bytes], encoding: str = "", limits: Limits = MANY
) -> tuple[list[bytes], Decoded]:
    blocks: list[bytes] = []
    body = Body(encoding, limits, blocks.append)
    for piece in pieces:
        body.feed(piece)
    decoded = body.finish()
    assert all(block.endswith(b"\n") for block in blocks)
    whole = b"".join(blocks)
    assert decoded.size == len(whole)
    assert decoded.lines == whole.count(b"\n")
    return whole.split(b"\n")[:-1], decoded


SNAPPY_IDENTIFIER = b"\xff\x06\x00\x00sNaPpY"
MAGICS = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", SNAPPY_IDENTIFIER)
"""How compressed bodies begin: without an encoding's name, the first bytes tell."""


@pytest.mark.parametrize("breaks", [b"\n", b"\n\n", b"\n\n\n", b"\r\n\r\n"])
@pytest.mark.parametrize("before", [b"", b"\n", b"\r\n\n"])
def test_blank_lines_are_no_lines_between_long_ones_too(breaks: bytes, before: bytes) -> None:
    sent = [bytes([letter]) * 500 for letter in b"abcde"]
    lines, decoded = decode(before + breaks.join(sent) + breaks)
    assert lines == sent
    assert decoded.lines == len(sent)


@given(
    raw_lines, st.sampled_from(list(ENCODERS)), sizes, st.sampled_from([b"\n", b"\r\n", b"\n\n"])
)
def test_lines_come_out_as_they_were_sent(
    lines: list[bytes], encoding: str, sizes: list[int], end: bytes
) -> None:
    sent = end.join(lines)
    assume(encoding or not sent.startswith(MAGICS))
    got, decoded = decode_pieces(list(cut(ENCODERS[encoding](sent), sizes)), encoding)
    assert b"\n".join(got) + b"\n" == clean(b"\n".join(lines))
    assert decoded.digest == digest(sent)
    assert decoded.inflated == len(sent)


@given(
    objects,
    st.sampled_from(list(ENCODERS)),
    sizes,
    st.sampled_from([None, 1]),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\r\n")]),
    st.booleans(),
)
@example([{"": '":"'}, {"a": [{"b": 1}, {"c": '},{"d":'}]}], "", [3], None, (",", ":"), True)
def test_the_objects_of_an_array_come_out_a_line_each(
    objects: list[dict[str, object]],
    encoding: str,
    sizes: list[int],
    indent: int | None,
    separators: tuple[str, str],
    ascii_only: bool,
) -> None:
    sent = json.dumps(
        objects, indent=indent, separators=separators, ensure_ascii=ascii_only
    ).encode()
    got, decoded = decode_pieces(list(cut(ENCODERS[encoding](sent), sizes)), encoding)
    assert [json.loads(line) for line in got] == objects
    assert decoded.digest == digest(sent)


@pytest.mark.parametrize("encoding", MAGIC)
def test_a_compressed_body_needs_no_header(encoding: str) -> None:
    assert decode(ENCODERS[encoding](b"a\nb\n"))[0] == [b"a", b"b"]


def test_a_header_may_be_in_any_case() -> None:
    assert decode(ENCODERS["snappy"](b"a\n"), " Snappy ")[0] == [b"a"]


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "…"])
def test_an_unknown_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(UnknownEncoding):
        decode(b"a\n", encoding)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_members_behind_one_another_are_one_body(encoding: str) -> None:
    encode = ENCODERS[encoding]
    assert decode(encode(b"a\nb") + encode(b"c\n"), encoding)[0] == [b"a", b"bc"]


@pytest.mark.parametrize("more", [-1, 0, 1, 7, 257, 258, 259])
def test_gzip_may_be_cut_where_a_step_is_full(more: int) -> None:
    sent = b"a" * (2 * STEP + more)
    body = ENCODERS["gzip"](sent)
    for end in range(len(body) - 12, len(body)):
        _, decoded = decode_pieces([body[:end], body[end:]], limits=LONG)
        assert decoded.digest == digest(sent)


def test_zeros_behind_gzip_are_padding() -> None:
    assert decode(ENCODERS["gzip"](b"a\n") + bytes(512))[0] == [b"a"]


@pytest.mark.parametrize("encoding", [name for name in ENCODERS if name])
@given(data=st.data())
def test_a_body_that_breaks_off_is_refused(encoding: str, data: st.DataObject) -> None:
    body = ENCODERS[encoding](b"".join(b"%d\n" % number for number in range(1000)))
    length = data.draw(st.integers(1, len(body) - 1))
    # The identifier of a stream of framed snappy is a whole stream, of nothing.
    assume(body[:length] != SNAPPY_IDENTIFIER)
    with pytest.raises(Corrupt):
        decode(body[:length], encoding)


@given(st.binary(min_size=1, max_size=300), st.sampled_from([name for name in ENCODERS if name]))
def test_random_bytes_are_refused_or_taken_but_break_nothing(body: bytes, encoding: str) -> None:
    for claimed in (encoding, ""):  # without a claim the first bytes tell, also random ones
        with suppress(Refused):
            decode(body, claimed)


@given(st.data(), st.sampled_from([name for name in ENCODERS if name]))
def test_a_damaged_body_is_refused_or_taken_but_breaks_nothing(
    data: st.DataObject, encoding: str
) -> None:
    body = bytearray(ENCODERS[encoding](b"".join(b"%d\n" % number for number in range(300))))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= data.draw(st.integers(1, 255))
    with suppress(Refused):
        decode(bytes(body), encoding)


def test_a_body_over_its_limit_is_refused() -> None:
    with pytest.raises(TooLarge):
        decode_pieces([b"a\n" * 40, b"a\n" * 11], limits=Limits(body=100, inflated=1000))


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "x-snappy-framed"])
def test_what_a_body_inflates_to_is_limited(encoding: str) -> None:
    body = ENCODERS[encoding](b"a\n" * 1_000_000)
    with pytest.raises(TooLarge):
        decode(body, encoding, Limits(body=10**8, inflated=1_000_000))


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_refused_before_it_takes_memory(encoding: str) -> None:
    bomb = ENCODERS[encoding](bytes(10**9 // 4))
    assert len(bomb) < 10**6
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            decode(bomb, encoding, Limits(body=10**8, inflated=10**10))
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024**2
    finally:
        tracemalloc.stop()


def test_raw_snappy_is_limited_to_16_megabytes() -> None:
    for size in (16_000_001, 20_000_000):
        with pytest.raises(TooLarge):
            decode(ENCODERS["snappy"](bytes(size)), "snappy")
    with pytest.raises(TooLarge):
        decode(bytes(17_000_000), "snappy")


def test_no_body_is_no_lines() -> None:
    for encoding in ENCODERS:
        assert decode_pieces([], encoding)[0] == []
    for body in (b"[]", b" [ ] \n", b"\n\r\n", b"\xef\xbb\xbf"):
        assert decode(body)[0] == []


def test_a_long_line_is_left_out_and_its_neighbours_stay() -> None:
    limits = Limits(body=10**8, inflated=10**8, line=1000)
    for end in (1000, 1001, 5000, 300_000):
        lines = [b"first", b"x" * (end // 2) + b"\r" + b"x" * (end // 2), b"last"]
        for size in (7, 1000, 10**6):
            got, decoded = decode_pieces(list(cut(b"\n".join(lines), [size])), limits=limits)
            assert got == [b"first", b"last"]
            assert decoded.too_long.count == 1
            assert decoded.too_long.heads[0].startswith(b"x" * 500)


def test_a_long_object_is_left_out_and_its_neighbours_stay() -> None:
    limits = Limits(body=10**8, inflated=10**8, line=1000)
    for length in (1000, 5000, 300_000):
        sent = json.dumps([{"a": 1}, {"b": "x" * length}, {"c": 3}]).encode()
        for size in (7, 1000, 10**6):
            got, decoded = decode_pieces(list(cut(sent, [size])), limits=limits)
            assert got == [b'{"a": 1}', b'{"c": 3}']
            assert decoded.too_long.count == 1


@pytest.mark.parametrize("beginning", [b"", b'[{"a": 1}, {"b": "'])
def test_a_line_without_end_takes_no_memory(beginning: bytes) -> None:
    blocks: list[bytes] = []
    body = Body("", Limits(body=10**9, inflated=10**9, line=1000), blocks.append)
    body.feed(beginning)
    tracemalloc.start()
    try:
        for _ in range(200):
            body.feed(b"x" * 100_000)
        assert tracemalloc.get_traced_memory()[1] < 2 * 10**6
    finally:
        tracemalloc.stop()
    decoded = body.finish()
    assert decoded.too_long.count == 1
    assert b"".join(blocks) == (b'{"a": 1}\n' if beginning else b"")


def test_a_broken_object_spoils_no_other() -> None:
    for broken in (
        b'{"ua": "a "quote" in it", "b": 2}',
        b'{"ua": "one " quote", "b": 2}',
        b'{"a": [{"b": 1}, {"c": "one " quote"}]}',
        b'{"ua": unquoted {brace, "b": 2}',
    ):
        sent = b'[{"a":1},' + broken + b',{"c":3},\n{"d":4}]'
        got, _ = decode(sent)
        assert got[0] == b'{"a":1}'
        assert got[-2:] == [b'{"c":3}', b'{"d":4}']
        assert len(got) <= 5


def test_several_arrays_in_one_body_are_read() -> None:
    sent = b'[{"a":1},{"b":2}]\n[{"c":3}]\n'
    assert decode(sent)[0] == [b'{"a":1}', b'{"b":2}', b'{"c":3}']


def test_a_line_that_begins_with_a_bracket_is_a_line() -> None:
    sent = b'[04/Jul/2016:22:37:26 +0000] "GET /"\n[05/Jul/2016:22:37:26 +0000] "GET /"\n'
    assert len(decode(sent)[0]) == 2


def test_a_byte_order_mark_is_no_part_of_a_line() -> None:
    assert decode(b'\xef\xbb\xbf{"a":1}\n')[0] == [b'{"a":1}']
    assert decode(b'\xef\xbb\xbf[{"a":1}]')[0] == [b'{"a":1}']


def test_lines_are_valid_utf_8() -> None:
    got, _ = decode(b"caf\xe9 \x00 \xf0\x9f\x8e\x99\n")
    assert got == ["caf\N{REPLACEMENT CHARACTER} \0 \N{STUDIO MICROPHONE}".encode()]
