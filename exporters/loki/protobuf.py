"""Entries to Loki's `logproto.PushRequest` and back, by hand: it is the hottest loop of the sink.

    PushRequest  { streams = 1 (repeated) }
    Stream       { labels = 1, entries = 2 (repeated) }
    Entry        { timestamp = 1 { seconds = 1, nanos = 2 }, line = 2, metadata = 3 (repeated) }
    metadata     { name = 1, value = 2 }

Timestamps are written in a fixed width, their varints padded to five bytes, which every decoder
takes: so the length of an entry is known from those of its texts.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice, repeat, starmap
from operator import add

from exporters.loki.model import (
    Columns,
    Encoded,
    Entry,
    Pairs,
    Stream,
    by_stream,
    together,
)

_NS = 1_000_000_000
_STAMP = 14
"""Bytes of a timestamp with its tag and length."""
_KNOWN = 4096
_SOME, _FEW = 64, 8
"""Of so many values in a place, so few are different, where it is worth to look each of them up."""
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}
_UNESCAPED = {"n": "\n", "r": "\r"}


def varint(number: int) -> bytes:
    """Return a number of 0 or more as protobuf writes it."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


class _Heads(dict[int, bytes]):
    """Tag 2 and a length: both an entry in its stream and a line in its entry begin so."""

    def __missing__(self, length: int) -> bytes:
        head = b"\x12" + varint(length)
        if length < _KNOWN:
            self[length] = head
        return head


_HEADS = _Heads()

_TWO = tuple(bytes((n & 127 | 128, n >> 7 | 128)) for n in range(1 << 14))
"""Fourteen bits of a varint that goes on."""
_ONE = tuple(bytes((n,)) for n in range(128))


def parts(entries: Sequence[Entry]) -> list[Encoded]:
    """Return entries stream by stream; within a stream they keep their order.

    Half a surrogate pair, which UTF-8 has not, becomes a question mark.
    """
    try:
        return [_part(stream, found) for stream, found in by_stream(entries).items()]
    except UnicodeEncodeError:
        return parts([_clean(entry) for entry in entries])


def body(encoded: Iterable[Encoded]) -> bytes:
    """Return a PushRequest."""
    return b"".join(_stream(stream, found) for stream, found in together(encoded).items())


def _stream(stream: Stream, entries: Sequence[bytes]) -> bytes:
    found = b"".join((_labels(stream), *entries))
    return b"\x0a" + varint(len(found)) + found


def _part(stream: Stream, entries: Sequence[Entry]) -> Encoded:
    # What each line costs is spent here: columns of all lines are made and joined, since to do
    # everything for one line and then for the next takes twice as long.
    _labels(stream)  # what they have of half surrogate pairs is found here
    times, lines, more = _taken_apart(entries)
    texts = [*map(str.encode, lines)]
    heads = [*map(_HEADS.__getitem__, map(len, texts))]
    # As `sum` of each row of lengths, in half the time.
    sizes = map(add, map(len, heads), map(len, texts))
    totals = map(add, sizes, map(_STAMP.__add__, map(len, more)))
    rows = zip(map(_HEADS.__getitem__, totals), *_stamps(times), heads, texts, more, strict=False)
    return Encoded(stream, len(times), min(times), b"".join(chain.from_iterable(rows)))


def _stamps(times: Sequence[int]) -> tuple[Iterable[bytes], ...]:
    """Return times as four columns of bytes, the first of which may have no end."""
    base = times[0] // _NS * _NS
    nanos = [ns - base for ns in times]
    stamps: Iterable[bytes] = repeat(_second(base // _NS))
    if min(nanos) < 0 or max(nanos) >= _NS:
        stamps = [_second(ns // _NS) for ns in times]
        nanos = [ns % _NS for ns in times]
    two, one = _TWO, _ONE
    return (
        stamps,
        [two[n & 16383] for n in nanos],
        [two[n >> 14 & 16383] for n in nanos],
        [one[n >> 28] for n in nanos],
    )


@lru_cache(_KNOWN)
def _second(second: int) -> bytes:
    """Return a timestamp up to its nanoseconds; the second in the five bytes of 35 bits."""
    padded = _TWO[second & 16383] + _TWO[second >> 14 & 16383] + _ONE[second >> 28]
    return b"\x0a\x0c\x08" + padded + b"\x10"


def _taken_apart(
    entries: Sequence[Entry],
) -> tuple[Sequence[int], Sequence[str], Sequence[bytes]]:
    """Return the time, the line, and the metadata, encoded, of each entry."""
    if not isinstance(entries, Columns):
        _, times, lines, metadata = zip(*entries, strict=True)
        return times, lines, _pairs(metadata)
    rows: Iterable[bytes] = repeat(_shared(entries.shared), len(entries))
    for name, values in entries.own.items():
        rows = map(add, rows, _some(name, values))
    return entries.times, entries.lines, [*rows]


def _pairs(rows: Sequence[Pairs]) -> Sequence[bytes]:
    lengths = {*map(len, rows)}
    if lengths == {0}:
        return [b""] * len(rows)
    if len(lengths) == 1:
        columns = map(_column, zip(*rows, strict=True))
        return [*islice(map(b"".join, zip(*columns, strict=False)), len(rows))]
    found = {n: iter(_pairs([row for row in rows if len(row) == n])) for n in lengths}
    return [next(found[len(row)]) for row in rows]


def _column(pairs: Sequence[tuple[str, str]]) -> Iterable[bytes]:
    """Return pairs that stand in one place of many lines; where all are the same, without end."""
    if pairs.count(pairs[0]) == len(pairs):
        return repeat(_pair(*pairs[0]))
    names, values = zip(*pairs, strict=True)
    if names.count(names[0]) < len(names):
        return starmap(_pair, pairs)
    return _values(names[0], values)


@lru_cache(_KNOWN)
def _shared(pairs: Pairs) -> bytes:
    return b"".join(starmap(_pair, pairs))


def _some(name: str, values: Sequence[str]) -> Iterable[bytes]:
    """Return the pairs of a name, and nothing where a line has no value."""
    if "" not in values:
        return _values(name, values)
    found = iter(_values(name, [*filter(None, values)]))
    return [next(found) if value else b"" for value in values]


def _values(name: str, values: Sequence[str]) -> Iterable[bytes]:
    """Return the pairs of a name with many values."""
    if len({*values[:_SOME]}) <= _FEW and len(distinct := {*values}) <= _SOME:
        return map({value: _pair(name, value) for value in distinct}.__getitem__, values)
    texts = [*map(str.encode, values)]
    heads = {size: _pair_head(name, size) for size in {*map(len, texts)}}
    return [heads[len(text)] + text for text in texts]


def _pair(name: str, value: str) -> bytes:
    text = value.encode()
    return _pair_head(name, len(text)) + text


@lru_cache(_KNOWN)
def _pair_head(name: str, size: int) -> bytes:
    """Return what stands before a pair's value of so many bytes."""
    label = name.encode()
    head = b"\x0a" + varint(len(label)) + label + b"\x12" + varint(size)
    return b"\x1a" + varint(len(head) + size) + head


def _clean(entry: Entry) -> Entry:
    def clean(text: str) -> str:
        return text.encode("utf-8", "replace").decode()

    stream = Stream(*map(clean, entry.stream))
    pairs = tuple((clean(name), clean(value)) for name, value in entry.metadata)
    return Entry(stream, entry.ns, clean(entry.line), pairs)


@lru_cache(_KNOWN)
def _labels(stream: Stream) -> bytes:
    labels = label_text(stream).encode()
    return b"\x0a" + varint(len(labels)) + labels


def label_text(stream: Stream) -> str:
    """Return labels as Loki reads them: `{host="web1", service="app"}`."""
    labels = sorted(stream.labels.items())
    return "{" + ", ".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return "".join(_ESCAPES.get(letter, letter) for letter in value)


def decode(body: bytes) -> list[Entry]:
    """Return the entries of a PushRequest that `encode` made, stream by stream."""
    return [entry for _, stream in _fields(body) for entry in _entries(stream)]


def _entries(body: bytes) -> Iterator[Entry]:
    stream = Stream("", "", "", "")
    for number, value in _fields(body):
        if number == 1:
            found = {n: _unescape(v) for n, v in _LABEL.findall(value.decode())}
            stream = Stream(**{name: found.get(name, "") for name in Stream._fields})
        else:
            yield _entry(stream, value)


def _unescape(value: str) -> str:
    return re.sub(r"\\(.)", lambda m: _UNESCAPED.get(m[1], m[1]), value)


def _entry(stream: Stream, body: bytes) -> Entry:
    ns, line, metadata = 0, "", []
    for number, value in _fields(body):
        if number == 1:
            ns = _number(value, 1)[0] * _NS + _number(value, 7)[0]
        elif number == 2:
            line = value.decode()
        else:
            name, text = (part.decode() for _, part in _fields(value))
            metadata.append((name, text))
    return Entry(stream, ns, line, tuple(metadata))


def _fields(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each field of a message that has only ones with a length."""
    offset = 0
    while offset < len(body):
        length, start = _number(body, offset + 1)
        yield body[offset] >> 3, body[start : start + length]
        offset = start + length


def _number(body: bytes, offset: int) -> tuple[int, int]:
    """Return the varint at an offset, and where it ends."""
    number = shift = 0
    while True:
        byte = body[offset]
        number |= (byte & 127) << shift
        offset, shift = offset + 1, shift + 7
        if byte < 128:
            return number, offset
