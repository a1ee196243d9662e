"""Both bodies of a push, read by a decoder that shares nothing with what wrote them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.loki import Entry, Stream
from exporters.loki.encoding import ENCODINGS, Encoding
from tests.loki.wire import Line, read

BOTH = pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS.keys())

texts = st.text(st.characters(codec="utf-8"), max_size=40)
named = st.text(st.characters(codec="utf-8", min_codepoint=32), min_size=1, max_size=20)
streams = st.builds(Stream, named, texts, named, st.sampled_from(("stdout", "stderr")))
pairs = st.lists(st.tuples(named, texts), max_size=4, unique_by=lambda pair: pair[0]).map(tuple)
lines = st.one_of(texts, st.integers(100, 20000).map(lambda size: "é" * size))
entries = st.builds(Entry, streams, st.integers(0, 2**34 * 10**9), lines, pairs)
batches = st.lists(entries, min_size=1, max_size=20)


def expected(entry: Entry) -> Line:
    labels = tuple(sorted(entry.stream.labels.items()))
    return Line(labels, entry.ns, entry.line, tuple(sorted(entry.metadata)))


@BOTH
@given(batch=batches)
def test_loki_reads_exactly_what_was_encoded(encoding: Encoding, batch: list[Entry]) -> None:
    pushed = read(encoding.headers, encoding.encode(batch))
    assert [stream.problem for stream in pushed if stream.problem] == []
    found = [line for stream in pushed for line in stream.lines]
    ordered = [
        entry
        for stream in dict.fromkeys(e.stream for e in batch)
        for entry in batch
        if entry.stream == stream
    ]
    assert found == [expected(entry) for entry in ordered]


@BOTH
@given(batch=batches)
def test_what_was_encoded_comes_back_stream_by_stream(
    encoding: Encoding, batch: list[Entry]
) -> None:
    back = encoding.decode(encoding.encode(batch))
    assert sorted(back, key=repr) == sorted(batch, key=repr)
    assert encoding.encode(back) == encoding.encode(batch)


@BOTH
def test_a_stream_appears_once_whatever_the_order_of_its_entries(encoding: Encoding) -> None:
    one, other = Stream("a", "", "h", "stdout"), Stream("b", "", "h", "stdout")
    batch = [Entry(stream, n, "x") for n, stream in enumerate((one, other, one, other))]
    pushed = read(encoding.headers, encoding.encode(batch))
    assert [[line.ns for line in stream.lines] for stream in pushed] == [[0, 2], [1, 3]]


@BOTH
def test_half_a_surrogate_pair_does_no_harm(encoding: Encoding) -> None:
    entry = Entry(Stream("a", "", "h", "stdout"), 1, "a\ud800b", (("n", "\udfff"),))
    (stream,) = read(encoding.headers, encoding.encode([entry]))
    assert stream.lines[0].text in {"a?b", "a�b"}
