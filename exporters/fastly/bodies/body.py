"""One body on its way from compressed blocks to clean lines, within limits."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from exporters.fastly.bodies.inflate import MAGIC_LENGTH, Decoder, decoder
from exporters.fastly.bodies.split import TooLong, Undecided
from exporters.fastly.lines import MAX_LINE, clean
from exporters.fastly.receive_refusals import TooLarge
from exporters.fastly.segment import new_digest

_UNSUSPICIOUS = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a body may be, in bytes."""

    body: int
    """As it is sent."""
    inflated: int
    ratio: int = 250
    """Inflated by sent, once 16 MiB are inflated: log lines come to 5 to 20."""
    line: int = MAX_LINE


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a body came to."""

    digest: str
    """See `segment.digest`."""
    inflated: int
    """Bytes of the decoded body."""
    size: int
    """Bytes of its clean lines."""
    lines: int
    too_long: TooLong


class Body:
    """Takes one body in blocks; gives its lines, in blocks of whole lines, to `sink`.

    It does no I/O itself and may be fed in a worker thread. Raises a `Refused` where the body
    is over a limit or broken: what the sink has got by then is void.
    """

    def __init__(self, encoding: str, limits: Limits, sink: Callable[[bytes], object]) -> None:
        self.received = 0
        self._encoding = encoding
        self._limits = limits
        self._sink = sink
        self._too_long = TooLong()
        self._split = Undecided(limits.line, self._too_long)
        self._digest = new_digest()
        self._decoder: Decoder | None = None
        self._head = b""
        self._inflated = self._size = 0

    def feed(self, block: bytes) -> None:
        """Take the next block."""
        self.received += len(block)
        if self.received > self._limits.body:
            raise TooLarge(f"a body may have {self._limits.body} bytes")
        if self._decoder is None:
            self._head += block
            if len(self._head) < MAGIC_LENGTH:
                return
            self._decoder = decoder(self._encoding, self._head)
            block, self._head = self._head, b""
        self._take(self._decoder.feed(block))

    def finish(self) -> Decoded:
        """Return what the body came to, when its last block has been taken."""
        if self.received:
            if self._decoder is None:
                self._decoder = decoder(self._encoding, self._head)
                self._take(self._decoder.feed(self._head))
            self._take(self._decoder.finish())
        self._give(self._split.finish())
        return Decoded(
            self._digest.hexdigest(), self._inflated, self._size, self._split.lines, self._too_long
        )

    def _take(self, steps: Iterator[bytes]) -> None:
        for step in steps:
            self._inflated += len(step)
            self._check_inflated()
            self._digest.update(step)
            self._give(self._split.feed(step))

    def _check_inflated(self) -> None:
        if self._inflated > self._limits.inflated:
            raise TooLarge(f"a body may inflate to {self._limits.inflated} bytes")
        if self._inflated > max(_UNSUSPICIOUS, self.received * self._limits.ratio):
            raise TooLarge(f"a body may inflate to {self._limits.ratio} times its size")

    def _give(self, block: bytes) -> None:
        if block:
            lines = clean(block)
            self._size += len(lines)
            self._sink(lines)
