"""Connections: how many there may be, and how long one may take to say what it wants."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import cast

KEPT = 75.0
"""Seconds that a connection may rest between two requests."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a listener grants."""

    most: int
    """Connections whose requests are worked on. As many again are told so; more are cut off."""
    idle: float
    """Seconds for the head of a request, from its first byte or from the connection's beginning."""


class Connections:
    """The open connections of one listener. It belongs to the event loop's thread."""

    def __init__(
        self,
        limits: ConnectionLimits,
        on_cut: Callable[[str], None],
        on_count: Callable[[int], None],
    ) -> None:
        """`on_cut` is told the reason of each cut, `on_count` how many connections there are."""
        self.limits = limits
        self._on_cut, self._on_count = on_cut, on_count
        self._open: dict[asyncio.Protocol, Connection] = {}
        self._working: set[Connection] = set()
        self._rest = asyncio.Event()
        self.closing = False
        """Whether the listener is being left: no connection is kept for another request."""

    def __len__(self) -> int:
        return len(self._open)

    def of(self, protocol: asyncio.Protocol) -> "Connection":
        """Return the connection whose requests `protocol` parses."""
        return self._open[protocol]

    def guard(self, protocol: asyncio.Protocol) -> "Connection":
        """Return the protocol to stand between a transport and `protocol`."""
        return Connection(protocol, self)

    def admit(self, connection: "Connection") -> bool:
        """Add a connection, unless there are twice too many."""
        connection.surplus = len(self._open) >= self.limits.most
        if len(self._open) >= 2 * self.limits.most:
            self._on_cut("busy")
            return False
        self._open[connection.inner] = connection
        self._on_count(len(self._open))
        return True

    def remove(self, connection: "Connection") -> None:
        """Forget a connection that is gone."""
        self._open.pop(connection.inner, None)
        self._on_count(len(self._open))

    async def rest(self, seconds: float) -> None:
        """Wait until no request is being answered, but no longer than this.

        aiohttp would drop the rest of the bodies that are on their way.
        """
        self.closing = True
        self._rest.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._working:
                    await self._rest.wait()

    @contextmanager
    def at_work(self, connection: "Connection") -> Iterator[None]:
        """While entered, `connection` answers a request."""
        self._working.add(connection)
        try:
            yield
        finally:
            self._working.discard(connection)
            if not self._working:
                self._rest.set()

    def cut(self, connection: "Connection") -> None:
        """End a connection that takes too long."""
        if connection.begun:
            self._on_cut("slow")
        connection.abort()


class Connection(asyncio.Protocol):
    """Passes everything between a transport and the protocol that parses it, and keeps the time."""

    def __init__(self, inner: asyncio.Protocol, all_of_them: Connections) -> None:
        self.inner = inner
        self.surplus = False
        """Whether its requests are to be answered that there are too many."""
        self.begun = True
        """Whether the head of a request is awaited that has begun, or that should have."""
        self._all = all_of_them
        self._transport: asyncio.Transport | None = None
        self._admitted = self._working = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or end at once where there are too many connections."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are so in name only
        self._admitted = self._all.admit(self)
        if not self._admitted:
            self.abort()
            return
        self._wait(self._all.limits.idle)
        self.inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_waiting()
        if self._admitted:
            self._all.remove(self)
            self.inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass data on."""
        if not (self.begun or self._working):
            self.begun = True
            self._wait(self._all.limits.idle)
        if self._admitted:
            self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass the end of what is received on."""
        return self.inner.eof_received() if self._admitted else None

    def pause_writing(self) -> None:
        """Pass on that the transport's buffer is full."""
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that the transport's buffer has room."""
        self.inner.resume_writing()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While entered, a request is being answered, and its body has a pace of its own."""
        self._working, self.begun = True, False
        self._stop_waiting()
        try:
            with self._all.at_work(self):
                yield
        finally:
            self._working = False
            if self._admitted and self._transport and not self._transport.is_closing():
                self._wait(KEPT)

    def abort(self) -> None:
        """Close without waiting for anything that is still to be sent."""
        if self._transport:
            self._transport.abort()

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._all.cut, self)

    def _stop_waiting(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
