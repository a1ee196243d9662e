"""The two bodies that Loki takes: protobuf in snappy, the faster, and JSON in gzip."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import cramjam

from exporters.loki import protobuf
from exporters.loki.model import Encoded, Entry, Stream, by_stream, times_of, together

_LEVEL = 1
"""Of gzip: a log shrinks seven times by it, and the next levels cost more than they save."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How entries become the body of a push. The same entries always become the same bytes."""

    name: str
    headers: Mapping[str, str]
    parts: Callable[[Sequence[Entry]], Iterable[Encoded]]
    """Entries stream by stream, each stream's in their order, as a body is made of them."""
    body: Callable[[Iterable[Encoded]], bytes]
    decode: Callable[[bytes], list[Entry]]
    """Entries come back stream by stream, each stream's in their order."""

    def encode(self, entries: Sequence[Entry]) -> bytes:
        """Return the body with these entries."""
        return self.body(self.parts(entries))


def _to_snappy(parts: Iterable[Encoded]) -> bytes:
    return bytes(cramjam.snappy.compress_raw(protobuf.body(parts)))


def _from_snappy(body: bytes) -> list[Entry]:
    return protobuf.decode(bytes(cramjam.snappy.decompress_raw(body)))


def _json_parts(entries: Sequence[Entry]) -> Iterator[Encoded]:
    for stream, found in by_stream(entries).items():
        values = [
            (str(ns), line, dict(metadata)) if metadata else (str(ns), line)
            for _, ns, line, metadata in found
        ]
        data = json.dumps(values, separators=(",", ":")).encode()
        yield Encoded(stream, len(found), min(times_of(found)), data[1:-1])


def _to_json(parts: Iterable[Encoded]) -> bytes:
    streams = (
        b'{"stream":%b,"values":[%b]}' % (json.dumps(stream.labels).encode(), b",".join(found))
        for stream, found in together(parts).items()
    )
    return bytes(cramjam.gzip.compress(b'{"streams":[%b]}' % b",".join(streams), level=_LEVEL))


def _from_json(body: bytes) -> list[Entry]:
    entries = []
    for found in json.loads(bytes(cramjam.gzip.decompress(body)))["streams"]:
        stream = Stream(**{name: found["stream"].get(name, "") for name in Stream._fields})
        for ns, line, *metadata in found["values"]:
            pairs = tuple(metadata[0].items()) if metadata else ()
            entries.append(Entry(stream, int(ns), line, pairs))
    return entries


PROTOBUF = Encoding(
    "protobuf",
    {"Content-Type": "application/x-protobuf"},
    protobuf.parts,
    _to_snappy,
    _from_snappy,
)
JSON = Encoding(
    "json",
    {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    _json_parts,
    _to_json,
    _from_json,
)
ENCODINGS: Mapping[str, Encoding] = {each.name: each for each in (PROTOBUF, JSON)}
"""By the word that the settings and the queue have for them."""
