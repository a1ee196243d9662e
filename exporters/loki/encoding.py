"""The two bodies that Loki takes: protobuf in snappy, the faster, and JSON in gzip."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cramjam

from exporters.loki import protobuf
from exporters.loki.model import Entry, Stream

_LEVEL = 1
"""Of gzip: a log shrinks seven times by it, and the next levels cost more than they save."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How entries become the body of a push. The same entries always become the same bytes."""

    name: str
    headers: Mapping[str, str]
    encode: Callable[[Sequence[Entry]], bytes]
    decode: Callable[[bytes], list[Entry]]
    """Entries come back stream by stream, each stream's in their order."""


def _to_snappy(entries: Sequence[Entry]) -> bytes:
    return bytes(cramjam.snappy.compress_raw(protobuf.encode(entries)))


def _from_snappy(body: bytes) -> list[Entry]:
    return protobuf.decode(bytes(cramjam.snappy.decompress_raw(body)))


def _to_json(entries: Sequence[Entry]) -> bytes:
    streams: dict[Stream, list[object]] = {}
    for stream, ns, line, metadata in entries:
        value = (str(ns), line, dict(metadata)) if metadata else (str(ns), line)
        streams.setdefault(stream, []).append(value)
    found = [{"stream": stream.labels, "values": values} for stream, values in streams.items()]
    text = json.dumps({"streams": found}, separators=(",", ":"))
    return bytes(cramjam.gzip.compress(text.encode(), level=_LEVEL))


def _from_json(body: bytes) -> list[Entry]:
    entries = []
    for found in json.loads(bytes(cramjam.gzip.decompress(body)))["streams"]:
        stream = Stream(**{name: found["stream"].get(name, "") for name in Stream._fields})
        for ns, line, *metadata in found["values"]:
            pairs = tuple(metadata[0].items()) if metadata else ()
            entries.append(Entry(stream, int(ns), line, pairs))
    return entries


PROTOBUF = Encoding(
    "protobuf", {"Content-Type": "application/x-protobuf"}, _to_snappy, _from_snappy
)
JSON = Encoding(
    "json",
    {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    _to_json,
    _from_json,
)
ENCODINGS: Mapping[str, Encoding] = {each.name: each for each in (PROTOBUF, JSON)}
"""By the word that the settings and the queue have for them."""
