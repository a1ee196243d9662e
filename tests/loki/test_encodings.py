"""Both bodies of a push, read by a decoder that shares nothing with what wrote them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.loki import Columns, Entry, Stream
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


@BOTH
@given(batch=st.lists(st.tuples(st.integers(0, 2**62), lines, texts, texts), max_size=20))
def test_columns_are_encoded_as_the_entries_that_they_are(
    encoding: Encoding, batch: list[tuple[int, str, str, str]]
) -> None:
    shared = (("container", "app-1"),)
    times, found, levels, requests = zip(*batch, strict=True) if batch else ((), (), (), ())
    own = {"level": levels, "request_id": requests}
    columns = Columns(Stream("a", "", "h", "stdout"), times, found, shared, own)
    entries = [*columns]
    for row, entry in zip(batch, entries, strict=True):
        metadata = {"container": "app-1", "level": row[2], "request_id": row[3]}
        assert (entry.ns, entry.line) == row[:2]
        assert dict(entry.metadata) == {name: value for name, value in metadata.items() if value}
    assert [columns[place] for place in range(len(columns))] == entries
    assert [*columns[1:]] == entries[1:]
    if entries:
        assert encoding.encode(columns) == encoding.encode(entries)
