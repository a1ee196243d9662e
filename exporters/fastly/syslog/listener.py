"""The syslog listener: connections, their limits, and who may send."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from exporters.core.errors import StartError
from exporters.core.exporter import Health
from exporters.core.lifecycle import DRAIN
from exporters.core.quantities import Address
from exporters.core.web.live import LiveConfig
from exporters.fastly.bodies import TooLong
from exporters.fastly.lines import clean
from exporters.fastly.receive.metrics import ReceiveMetrics
from exporters.fastly.receive.tokens import Tokens
from exporters.fastly.receive_refusals import Refused, TooMany, TooSlow, Unauthorized
from exporters.fastly.syslog.frames import Frames
from exporters.fastly.syslog.gatherer import Gatherer
from exporters.fastly.syslog.messages import line_of

log = logging.getLogger(__name__)

HANDSHAKE = 10.0
"""Seconds that a client has for TLS."""
_BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class SyslogPolicy:
    """Who may send what, and how."""

    tokens: Tokens | None
    connections: int
    idle: float
    """Seconds without a byte, or without a whole message at the beginning."""
    line: int
    """Bytes of the longest line."""


class SyslogListener:
    """Listens while it is entered; on leaving, stores what has come."""

    def __init__(
        self,
        address: Address,
        policy: SyslogPolicy,
        gatherer: Gatherer,
        metrics: ReceiveMetrics,
        live: LiveConfig,
    ) -> None:
        self.address = address
        self._policy, self._gatherer, self._metrics, self._live = policy, gatherer, metrics, live
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamReader] = {}

    async def __aenter__(self) -> Self:
        """Listen, or raise StartError in one line where the address cannot be had."""
        tls = self._live.context
        try:
            self._server = await asyncio.start_server(
                self._accept,
                self.address.host or None,
                self.address.port,
                limit=_BLOCK,
                backlog=1024,
                ssl=tls,
                ssl_handshake_timeout=HANDSHAKE if tls else None,
            )
        except OSError as error:
            reason = (error.strerror or "not possible").lower()
            raise StartError(f"syslog: cannot listen on {self.address}: {reason}") from error
        port = self._server.sockets[0].getsockname()[1]
        self.address = Address(self.address.host, port)
        log.info("syslog: listening on %s", self.address)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()
            self._server = None
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN):
                await self._finish()
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    async def _finish(self) -> None:
        """Take what has been read, and return when it is safe."""
        for reader in self._connections.values():
            reader.feed_eof()
        if self._connections:
            await asyncio.wait(self._connections)
        await self._gatherer.flush()

    def health(self) -> Health:
        """Return whether it can be reached; that nothing comes is not an error."""
        if self._server is None:
            return Health("syslog", fresh=False, reason="not listening")
        stalled = "waits until the spool takes lines" if self._gatherer.stalled else ""
        return Health("syslog", fresh=True, reason=stalled)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer), name="syslog connection")
        self._connections[task] = reader
        self._count()
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        del self._connections[task]
        self._count()
        if not task.cancelled():
            task.result()

    def _count(self) -> None:
        self._metrics.connections.set(("syslog",), len(self._connections))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one connection to its end, and count why it was ended by us."""
        try:
            self._admit(writer)
            await self._read(reader)
        except Refused as refused:
            self._metrics.refused.inc(("syslog", refused.reason))
        except OSError:
            pass  # the sender has gone; what came before is on its way
        finally:
            writer.transport.abort()

    def _admit(self, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) > self._policy.connections:
            raise TooMany("too many connections")
        tls = self._live.config.tls
        if tls and not tls.admits(writer.get_extra_info("peercert")):
            raise Unauthorized("client certificate not allowed")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        too_long = TooLong()
        frames = Frames(self._policy.line, too_long)
        patience = asyncio.get_running_loop().time() + self._policy.idle
        while data := await self._block(reader, patience):
            if await self._take(frames.feed(data), too_long):
                patience = float("inf")
        await self._take(frames.finish(), too_long)

    async def _block(self, reader: asyncio.StreamReader, patience: float) -> bytes:
        """Return what comes next; nothing at the end, or when nothing has come for long."""
        soon = asyncio.get_running_loop().time() + self._policy.idle
        try:
            async with asyncio.timeout_at(min(soon, patience)):
                return await reader.read(_BLOCK)
        except TimeoutError as error:
            if patience < soon:
                raise TooSlow("no message came") from error
            return b""

    async def _take(self, messages: list[bytes], too_long: TooLong) -> bool:
        """Pass the lines of messages on, up to one that has no token; return if there were any."""
        found = [line_of(message, self._policy.tokens) for message in messages]
        wrong = found.index(None) if None in found else len(found)
        lines = [line for line in found[:wrong] if line]
        block = clean(b"\n".join(lines))
        await self._gatherer.add(block, len(lines), too_long)
        too_long.count = 0
        too_long.heads.clear()
        if wrong < len(found):
            raise Unauthorized("wrong token, or none")
        return bool(found)
