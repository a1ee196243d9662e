"""Entries to Loki's `logproto.PushRequest` and back, by hand: it is the hottest loop of the sink.

    PushRequest  { streams = 1 (repeated) }
    Stream       { labels = 1, entries = 2 (repeated) }
    Entry        { timestamp = 1 { seconds = 1, nanos = 2 }, line = 2, metadata = 3 (repeated) }
    metadata     { name = 1, value = 2 }

Timestamps are written in a fixed width, their varints padded to five bytes, which every decoder
takes: so the length of an entry is known from those of its texts.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from exporters.loki.model import Entry, Stream

_NS = 1_000_000_000
_STAMP = 14
"""Bytes of a timestamp with its tag and length."""
_KNOWN = 4096
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


_HEADS = tuple(b"\x12" + varint(length) for length in range(_KNOWN))
"""Tag 2 and a length: both an entry in its stream and a line in its entry begin so."""

_TWO = tuple(bytes((n & 127 | 128, n >> 7 | 128)) for n in range(1 << 14))
"""Fourteen bits of a varint that goes on."""
_ONE = tuple(bytes((n,)) for n in range(128))


def encode(entries: Sequence[Entry]) -> bytes:
    """Return a PushRequest; within a stream the entries keep their order.

    Half a surrogate pair, which UTF-8 has not, becomes a question mark.
    """
    try:
        return _encode(entries)
    except UnicodeEncodeError:
        return _encode([_clean(entry) for entry in entries])


def _encode(entries: Sequence[Entry]) -> bytes:
    # What each line costs is spent here: what repeats is looked up, and little is called.
    streams: dict[Stream, list[bytes]] = {}
    known: dict[tuple[str, str], bytes] = {}
    parts: list[bytes] = []
    current: Stream | None = None
    base, stamp = -_NS, b""
    heads, two, one = _HEADS, _TWO, _ONE
    for stream, ns, line, metadata in entries:
        if stream is not current:
            current, parts = stream, streams.setdefault(stream, [])
        nanos = ns - base
        if not 0 <= nanos < _NS:
            second, nanos = divmod(ns, _NS)
            base, stamp = second * _NS, b"\x0a\x0c\x08" + _padded(second) + b"\x10"
        more = b""
        for pair in metadata:
            # Most pairs come with every line of a container.
            more += known.get(pair) or _pair(pair, known)
        text = line.encode()
        size = len(text)
        head = heads[size] if size < _KNOWN else b"\x12" + varint(size)
        total = _STAMP + len(head) + size + len(more)
        parts += (
            heads[total] if total < _KNOWN else b"\x12" + varint(total),
            stamp,
            two[nanos & 16383],
            two[nanos >> 14 & 16383],
            one[nanos >> 28],
            head,
            text,
            more,
        )
    return b"".join(_stream(stream, parts) for stream, parts in streams.items())


def _clean(entry: Entry) -> Entry:
    def clean(text: str) -> str:
        return text.encode("utf-8", "replace").decode()

    stream = Stream(*map(clean, entry.stream))
    pairs = tuple((clean(name), clean(value)) for name, value in entry.metadata)
    return Entry(stream, entry.ns, clean(entry.line), pairs)


def _padded(n: int) -> bytes:
    """Return a number under 2**35 as a varint of five bytes."""
    return _TWO[n & 16383] + _TWO[n >> 14 & 16383] + _ONE[n >> 28]


def _stream(stream: Stream, parts: list[bytes]) -> bytes:
    labels = label_text(stream).encode()
    body = b"".join((b"\x0a", varint(len(labels)), labels, *parts))
    return b"\x0a" + varint(len(body)) + body


def _pair(pair: tuple[str, str], known: dict[tuple[str, str], bytes]) -> bytes:
    head, value = _name(pair[0]), pair[1].encode()
    size = len(value)
    total = len(head) + 1 + size
    if total < 128:
        encoded = b"\x1a" + _ONE[total] + head + _ONE[size] + value
    else:
        length = varint(size)
        encoded = b"\x1a" + varint(total - 1 + len(length)) + head + length + value
    if len(known) >= _KNOWN:
        known.clear()
    known[pair] = encoded
    return encoded


@lru_cache(_KNOWN)
def _name(name: str) -> bytes:
    """Return what stands before the length of a pair's value."""
    text = name.encode()
    return b"\x0a" + varint(len(text)) + text + b"\x12"


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
