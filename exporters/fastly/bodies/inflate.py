"""Decoders of compressed bodies: bytes in, bytes out in steps of a bounded size.

gzip by zlib-ng, which takes less than half of zlib's time, and zstd by backports.zstd (the standard
library's, from Python 3.14 on): both stop at a given size of output. cramjam and zstandard, tried
too, have no such bound while they stream.
Snappy is cramjam's, a frame of at most 64 KiB at a time.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import cramjam
from zlib_ng import zlib_ng

from exporters.fastly.receive_refusals import Corrupt, TooLarge, UnknownEncoding

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

STEP = 1024 * 1024
"""Bytes that a decoder gives at a time, at most."""

RAW_SNAPPY_LIMIT = 16 * 1000**2
"""Raw snappy is one block that can only be read whole: so in memory, and no larger than this."""

WINDOW_LOG = 24
"""zstd's window, 16 MiB: what `zstd -19` wants. A sender cannot make us hold more."""

_LARGEST_CHUNK = 128 * 1024  # twice what the format allows to inflate to
_FRAMED = b"\xff\x06\x00\x00sNaPpY"


class Decoder(Protocol):
    """Gives the content of a body that comes in blocks; raises Corrupt where it is broken."""

    def feed(self, block: bytes) -> Iterator[bytes]:
        """Yield what a block inflates to, in steps."""

    def finish(self) -> Iterator[bytes]:
        """Yield the rest; raise Corrupt where the body is not at an end."""


class Plain:
    """A body that is not compressed."""

    def feed(self, block: bytes) -> Iterator[bytes]:
        """Yield the block itself."""
        yield block

    def finish(self) -> Iterator[bytes]:
        """Yield nothing."""
        return iter(())


class Gzip:
    """One gzip member or several, one behind the other, as concatenated files are."""

    def __init__(self) -> None:
        self._member: zlib_ng._Decompress | None = None
        self._begun = False

    def feed(self, block: bytes) -> Iterator[bytes]:
        """Yield what a block inflates to, in steps."""
        try:
            yield from self._inflate(block)
        except zlib_ng.error as error:  # type: ignore[misc]  # its stub says: an instance
            raise Corrupt("the body is not gzip") from error

    def _inflate(self, block: bytes) -> Iterator[bytes]:
        while block:
            if self._member is None:
                # Files are padded with zeros where they have been on tape.
                block = block.lstrip(b"\0") if self._begun else block
                if not block:
                    return
                self._member, self._begun = zlib_ng.decompressobj(wbits=31), True
            # Output that a full step leaves behind comes before the member's last 8 bytes do.
            yield self._member.decompress(block, STEP)
            if self._member.eof:
                block, self._member = self._member.unused_data, None
            else:
                block = self._member.unconsumed_tail

    def finish(self) -> Iterator[bytes]:
        """Yield nothing; raise Corrupt in the middle of a member."""
        if self._member is not None or not self._begun:
            raise Corrupt("the gzip body breaks off")
        return iter(())


class Zstd:
    """One zstd frame or several."""

    def __init__(self) -> None:
        self._frame: zstd.ZstdDecompressor | None = None
        self._begun = False

    def feed(self, block: bytes) -> Iterator[bytes]:
        """Yield what a block inflates to, in steps."""
        try:
            yield from self._inflate(block)
        except zstd.ZstdError as error:
            raise Corrupt("the body is not zstd, or wants a larger window than 16 MiB") from error

    def _inflate(self, block: bytes) -> Iterator[bytes]:
        more = bool(block)
        while more:
            if self._frame is None:
                limits = {int(zstd.DecompressionParameter.window_log_max): WINDOW_LOG}
                self._frame, self._begun = zstd.ZstdDecompressor(options=limits), True
            yield self._frame.decompress(block, STEP)
            if self._frame.eof:
                block, self._frame = self._frame.unused_data, None
                more = bool(block)
            else:
                block, more = b"", not self._frame.needs_input

    def finish(self) -> Iterator[bytes]:
        """Yield nothing; raise Corrupt in the middle of a frame."""
        if self._frame is not None or not self._begun:
            raise Corrupt("the zstd body breaks off")
        return iter(())


class Snappy:
    """Snappy's framing format: chunks of at most 64 KiB, each with its checksum."""

    def __init__(self) -> None:
        self._rest = b""
        self._begun = False

    def feed(self, block: bytes) -> Iterator[bytes]:
        """Yield what the whole chunks of a block inflate to."""
        data = self._rest + block
        end = _whole_chunks(data)
        self._rest = data[end:]
        if end:
            # Each run of chunks is a stream for the decoder, so it begins as a stream does.
            start = b"" if data.startswith(_FRAMED) else _FRAMED
            self._begun = True
            try:
                yield bytes(cramjam.snappy.decompress(start + data[:end]))
            except cramjam.DecompressionError as error:
                raise Corrupt("the body is not framed snappy") from error

    def finish(self) -> Iterator[bytes]:
        """Yield nothing; raise Corrupt in the middle of a chunk."""
        if self._rest or not self._begun:
            raise Corrupt("the snappy body breaks off")
        return iter(())


class RawSnappy:
    """One snappy block: it cannot be read before its end has come."""

    def __init__(self) -> None:
        self._body = bytearray()

    def feed(self, block: bytes) -> Iterator[bytes]:
        """Keep a block, and yield nothing yet."""
        self._body += block
        if len(self._body) > RAW_SNAPPY_LIMIT:
            raise TooLarge("a raw snappy body may have 16 MB")
        return iter(())

    def finish(self) -> Iterator[bytes]:
        """Yield everything, in steps."""
        if _declared(self._body) > RAW_SNAPPY_LIMIT:
            raise TooLarge("a raw snappy body may have 16 MB")
        try:
            whole = memoryview(cramjam.snappy.decompress_raw(self._body))
        except cramjam.DecompressionError as error:
            raise Corrupt("the body is not raw snappy") from error
        self._body.clear()
        for start in range(0, len(whole), STEP):
            yield bytes(whole[start : start + STEP])


_MAGIC: Mapping[bytes, Callable[[], Decoder]] = {
    b"\x1f\x8b": Gzip,
    b"\x28\xb5\x2f\xfd": Zstd,
    _FRAMED: Snappy,
}
MAGIC_LENGTH = max(map(len, _MAGIC))
"""Bytes from the beginning of a body that `decoder` wants to see."""

_ENCODINGS: Mapping[str, Callable[[], Decoder]] = {
    "": Plain,
    "identity": Plain,
    "gzip": Gzip,
    "x-gzip": Gzip,
    "zstd": Zstd,
    "snappy": RawSnappy,
    "x-snappy": RawSnappy,
    "x-snappy-framed": Snappy,
}


def check_encoding(encoding: str) -> None:
    """Raise UnknownEncoding for a Content-Encoding that `decoder` cannot read."""
    if encoding.strip().lower() not in _ENCODINGS:
        raise UnknownEncoding("send gzip, zstd, snappy or no Content-Encoding")


def is_raw_snappy(encoding: str) -> bool:
    """Whether a body of this encoding may have to be held in memory as a whole."""
    return _ENCODINGS.get(encoding.strip().lower()) is RawSnappy


def decoder(encoding: str, head: bytes) -> Decoder:
    """Return the decoder for a body with this Content-Encoding that begins with `head`.

    What a body begins with is stronger than what its header says.
    """
    check_encoding(encoding)
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind()
    return _ENCODINGS[encoding.strip().lower()]()


def _whole_chunks(data: bytes) -> int:
    """The length of the framed snappy chunks at the beginning of `data` that are there whole."""
    end = 0
    while (following := end + 4) <= len(data):
        length = int.from_bytes(data[end + 1 : following], "little")
        if length > _LARGEST_CHUNK:
            raise Corrupt("the body is not framed snappy")
        following += length
        if following > len(data):
            break
        end = following
    return end


def _declared(block: bytearray) -> int:
    """The length that a raw snappy block says it inflates to: a varint at its beginning."""
    length = 0
    for place, byte in enumerate(block[:5]):
        length |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return length
    raise Corrupt("the body is not raw snappy")
