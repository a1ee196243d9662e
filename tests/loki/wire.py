"""What a push says, read strictly and by nothing of ours: both encodings, as Loki reads them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cramjam

_LABELS = re.compile(r'\{(?:\s*[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*"\s*,?)*\}')
_LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\.)*)"')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"'}


class Unreadable(Exception):
    """A body that Loki cannot read; nothing of it is stored."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was pushed."""

    labels: tuple[tuple[str, str], ...]
    ns: int
    text: str
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Pushed:
    """A stream of a push. `problem` is what is wrong with its labels."""

    labels: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    problem: str = ""


def read(headers: Mapping[str, str], body: bytes) -> list[Pushed]:
    kind = headers.get("Content-Type", "application/x-protobuf").partition(";")[0]
    encoding = headers.get("Content-Encoding", "")
    if kind == "application/json":
        return list(_json(_inflated(body, encoding)))
    if kind != "application/x-protobuf" or encoding not in {"", "snappy"}:
        raise Unreadable(f"Content-Type {kind} or Content-Encoding {encoding!r} not supported")
    try:
        return list(_protobuf(bytes(cramjam.snappy.decompress_raw(body))))
    except (cramjam.DecompressionError, IndexError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from error


def _inflated(body: bytes, encoding: str) -> bytes:
    if encoding == "gzip":
        return bytes(cramjam.gzip.decompress(body))
    if encoding:
        raise Unreadable(f"Content-Encoding {encoding!r} not supported")
    return body


def _json(body: bytes) -> Iterator[Pushed]:
    found = json.loads(body)
    if set(found) != {"streams"}:
        raise Unreadable("unknown field")
    for stream in found["streams"]:
        if set(stream) != {"stream", "values"} or not _flat(stream["stream"]):
            raise Unreadable("Value looks like object, but can't find closing '}' symbol")
        labels = tuple(sorted(stream["stream"].items()))
        yield Pushed(labels, tuple(_value(labels, value) for value in stream["values"]))


def _value(labels: tuple[tuple[str, str], ...], value: list[object]) -> Line:
    ns, text, *metadata = value
    if not (isinstance(ns, str) and ns.isdigit() and isinstance(text, str) and len(metadata) < 2):
        raise Unreadable("a value wants a time, a line and structured metadata")
    pairs = metadata[0] if metadata else {}
    if not isinstance(pairs, dict) or not _flat(pairs):
        raise Unreadable("structured metadata wants texts")
    # Go's decoder has the replacement character for half a surrogate pair.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return Line(labels, int(ns), text, tuple(sorted(pairs.items())))


def _flat(found: Mapping[str, object]) -> bool:
    return all(isinstance(value, str) for value in found.values())


def _protobuf(body: bytes) -> Iterator[Pushed]:
    for number, kind, stream in _fields(body):
        _expect((number, kind) == (1, 2))
        text, entries = "", []
        for field, wire, value in _fields(stream):
            _expect((field, wire) in {(1, 2), (2, 2), (3, 0)})
            if field == 1:
                text = value.decode()
            elif field == 2:
                entries.append(_entry(value))
        problem = "" if _LABELS.fullmatch(text) else f"error parsing labels '{text}' with error: …"
        labels = tuple(sorted((n, _unquoted(v)) for n, v in _LABEL.findall(text)))
        yield Pushed(labels, tuple(Line(labels, *entry) for entry in entries), problem)


def _entry(body: bytes) -> tuple[int, str, tuple[tuple[str, str], ...]]:
    ns, line, metadata = 0, "", []
    for number, kind, value in _fields(body):
        _expect(kind == 2 and number in {1, 2, 3})
        if number == 1:
            for part, wire, moment in _fields(value):
                _expect(wire == 0 and part in {1, 2})
                ns += int.from_bytes(moment, "big") * (10**9 if part == 1 else 1)
        elif number == 2:
            line = value.decode()
        else:
            pair = {part: text.decode() for part, _, text in _fields(value)}
            _expect(set(pair) <= {1, 2})
            metadata.append((pair.get(1, ""), pair.get(2, "")))
    return ns, line, tuple(sorted(metadata))


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", lambda m: _ESCAPES[m[1]], value)


def _fields(body: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield number, wire type and content; a number's content is big-endian."""
    offset = 0
    while offset < len(body):
        tag, offset = _varint(body, offset)
        value, offset = _varint(body, offset)
        if tag & 7 == 0:
            yield tag >> 3, 0, value.to_bytes(10, "big")
            continue
        _expect(tag & 7 == 2 and offset + value <= len(body))
        yield tag >> 3, 2, body[offset : offset + value]
        offset += value


def _varint(body: bytes, offset: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        byte = body[offset + place]
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, offset + place + 1
    raise Unreadable("a number that does not end")


def _expect(true: bool) -> None:
    if not true:
        raise Unreadable("proto: illegal field")
