"""An HTTP listener: an aiohttp application on an address, with TLS where it is configured."""

import logging
import ssl
from typing import Self

from aiohttp import web

from exporters.core.errors import StartError
from exporters.core.lifecycle import DRAIN
from exporters.core.quantities import Address

log = logging.getLogger(__name__)


class Listener:
    """Listens while it is entered; on leaving stops accepting and answers what is in flight."""

    def __init__(
        self,
        name: str,
        app: web.Application,
        address: Address,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.name = name
        self.tls = tls
        self.address = address
        self._runner = web.AppRunner(app, shutdown_timeout=DRAIN, access_log=None)

    async def __aenter__(self) -> Self:
        """Listen, or raise StartError in one line where the address cannot be had."""
        await self._runner.setup()
        host, port = self.address.host or None, self.address.port
        try:
            site = web.TCPSite(self._runner, host, port, ssl_context=self.tls)
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            reason = (error.strerror or "not possible").lower()
            raise StartError(f"{self.name}: cannot listen on {self.address}: {reason}") from error
        self.address = Address(self.address.host, site.port)
        log.info("%s: listening on %s", self.name, self.url)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where a person on this machine opens it; only true once it listens."""
        host = self.address.host
        here = "127.0.0.1" if host in {"", "0.0.0.0"} else "[::1]" if host == "::" else host  # noqa: S104  compared, not bound
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{Address(here.strip('[]'), self.address.port)}"
