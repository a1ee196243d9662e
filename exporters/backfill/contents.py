"""A file on its way from stored blocks to parts: clean lines, with digests."""

from collections.abc import Iterator
from typing import Protocol

from exporters.fastly.bodies import TooLong
from exporters.fastly.bodies.inflate import MAGIC_LENGTH, Decoder, decoder
from exporters.fastly.bodies.split import Undecided
from exporters.fastly.lines import clean
from exporters.fastly.segment import new_digest

PART = 60 * 1024 * 1024
"""Inflated bytes of a part; then it ends with its line. The ledger knows files by their parts: with
another number they would be counted again."""


_BITE = 256 * 1024
"""Bytes that are worked on at a time: what a processor has near, which makes it twice as fast."""


class Sink(Protocol):
    """Takes the clean lines of parts."""

    def write(self, lines: bytes) -> object:
        """Take lines of the part that has begun."""

    def end(self, digest: str, lines: int) -> object:
        """End the part; what follows is another."""


class Contents:
    """Takes a file in blocks, and gives its lines, part by part, to `sink`.

    Where a part ends depends on the inflated content alone, not on how it is compressed or comes
    in blocks. Raises Refused where the file is broken, and whatever the sink raises.
    """

    def __init__(self, encoding: str, line_limit: int, sink: Sink) -> None:
        self.too_long = TooLong()
        self._encoding = encoding
        self._sink = sink
        self._decoder: Decoder | None = None
        self._head = b""
        self._split = Undecided(line_limit, self.too_long)
        self._digest = new_digest()
        self._parts = 0
        self._lines = 0
        self._filled = 0

    def feed(self, block: bytes) -> None:
        """Take the next block."""
        if self._decoder is None:
            self._head += block
            if len(self._head) < MAGIC_LENGTH:
                return
            block, self._head = self._head, b""
            self._decoder = decoder(self._encoding, block)
        self._take(self._decoder.feed(block))

    def finish(self) -> None:
        """End the last part, when the last block has been taken."""
        if self._decoder is None and self._head:
            self._decoder = decoder(self._encoding, self._head)
            self._take(self._decoder.feed(self._head))
        if self._decoder is not None:
            self._take(self._decoder.finish())
        self._write(self._split.finish())
        self._end()

    def _take(self, steps: Iterator[bytes]) -> None:
        for step in steps:
            for at in range(0, len(step), _BITE):
                self._bite(step[at : at + _BITE])

    def _bite(self, data: bytes) -> None:
        start = 0
        while (end := data.find(b"\n", start + max(PART - self._filled - 1, 0)) + 1) > 0:
            self._pass(data[start:end])
            self._end()
            start = end
        self._pass(data[start:])

    def _pass(self, data: bytes) -> None:
        self._filled += len(data)
        self._digest.update(data)
        self._write(self._split.feed(data))

    def _write(self, lines: bytes) -> None:
        if lines:
            self._sink.write(clean(lines))

    def _end(self) -> None:
        """End a part; one without lines is none."""
        lines = self._split.lines - self._lines
        if lines:
            # The first part of a file has the digest that the file had if it ended here.
            suffix = f"-{self._parts}" if self._parts else ""
            self._sink.end(self._digest.hexdigest() + suffix, lines)
        self._parts += 1
        self._lines = self._split.lines
        self._filled = 0
