"""The receiver's listener: aiohttp behind limits of our own, bodies as they were sent."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Self

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from exporters.core.errors import StartError
from exporters.core.lifecycle import DRAIN
from exporters.core.quantities import Address
from exporters.fastly.receive.connections import Connections

log = logging.getLogger(__name__)

HANDSHAKE = 10.0
"""Seconds that a client has for TLS."""

LINGERING = 2.0
"""Seconds in which the rest of a refused body is read, so that its sender sees the answer."""


class ReceiverListener:
    """Listens while it is entered; on leaving stops accepting and answers what is in flight.

    Bodies are not inflated on the way: the application sees them as they were sent.
    """

    def __init__(
        self,
        app: web.Application,
        address: Address,
        connections: Connections,
        tls: ssl.SSLContext | None = None,
        on_malformed: Callable[[], None] = lambda: None,
    ) -> None:
        self.address = address
        self._tls = tls
        self._connections = connections
        # aiohttp logs a traceback and an address for each request that is none.
        logger = logging.getLogger(f"{__name__}.http")
        logger.setLevel(logging.DEBUG)
        logger.filters = [_without_clients(on_malformed)]
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=logger,
            shutdown_timeout=DRAIN,
            auto_decompress=False,
            lingering_time=LINGERING,
        )

    async def __aenter__(self) -> Self:
        """Listen, or raise StartError in one line where the address cannot be had."""
        await self._runner.setup()
        self._site = _Site(self._runner, self.address, self._connections, self._tls)
        try:
            await self._site.start()
        except OSError as error:
            await self._runner.cleanup()
            reason = (error.strerror or "not possible").lower()
            raise StartError(f"receiver: cannot listen on {self.address}: {reason}") from error
        self.address = Address(self.address.host, self._site.port)
        log.info("receiver: listening on %s", self.address)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._site.stop()
        await self._connections.rest(DRAIN)
        await self._runner.cleanup()


class _Site(web.BaseSite):
    """aiohttp's TCPSite, with `Connections` between the transports and aiohttp."""

    def __init__(
        self,
        runner: web.AppRunner,
        address: Address,
        connections: Connections,
        tls: ssl.SSLContext | None,
    ) -> None:
        super().__init__(runner, ssl_context=tls)
        self._address = address
        self._connections = connections
        self.port = address.port

    @property
    def name(self) -> str:
        return f"{'https' if self._ssl_context else 'http'}://{self._address}"

    async def start(self) -> None:
        await super().start()
        self._server = await asyncio.get_running_loop().create_server(
            self._protocol,
            self._address.host or None,
            self._address.port,
            ssl=self._ssl_context,
            ssl_handshake_timeout=HANDSHAKE if self._ssl_context else None,
            backlog=1024,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def _protocol(self) -> asyncio.Protocol:
        if self._runner.server is None:
            raise RuntimeError("the runner is not set up")
        return self._connections.guard(self._runner.server())


def _without_clients(on_malformed: Callable[[], None]) -> Callable[[logging.LogRecord], bool]:
    def admit(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            on_malformed()
            return False
        if record.levelno < logging.WARNING:
            return False
        record.msg, record.args = "a request failed", ()
        return True

    return admit
