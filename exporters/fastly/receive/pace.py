"""Reading a body no slower than it may come."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from aiohttp import ClientError, StreamReader

from exporters.fastly.receive_refusals import BrokenOff, TooSlow

BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Pace:
    """How slow a sender may be."""

    idle: float
    """Seconds without a byte."""
    rate: int
    """Bytes a second, over all the time that we have waited for it, once that is over `idle`."""


class Blocks:
    """The blocks of one body. Only time that we wait for the sender counts against it."""

    def __init__(
        self, content: StreamReader, pace: Pace, clock: Callable[[], float] = monotonic
    ) -> None:
        self._content = content
        self._pace = pace
        self._clock = clock
        self._received = 0
        self._waited = 0.0

    async def next(self) -> bytes:
        """Return about `BLOCK` bytes, fewer at the end, none behind it.

        Raises TooSlow, or BrokenOff where the connection ends too early.
        """
        chunks: list[bytes] = []
        size = 0
        while size < BLOCK and (chunk := await self._chunk()):
            chunks.append(chunk)
            size += len(chunk)
        return b"".join(chunks)

    async def _chunk(self) -> bytes:
        began = self._clock()
        try:
            async with asyncio.timeout(self._pace.idle):
                chunk = await self._content.readany()
        except TimeoutError as error:
            raise TooSlow("nothing came for too long") from error
        except (ClientError, ConnectionError, OSError) as error:
            raise BrokenOff("the body breaks off") from error
        self._waited += self._clock() - began
        self._received += len(chunk)
        if chunk and self._waited > self._pace.idle:
            self._check_rate()
        return chunk

    def _check_rate(self) -> None:
        if self._received < self._pace.rate * self._waited:
            raise TooSlow("the body came too slowly")
