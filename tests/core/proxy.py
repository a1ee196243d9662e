"""A stretch of network between us and a server: with TLS, or with a fault that a test turns on."""

import asyncio
import contextlib
import ssl
from typing import Self

_SSL_REQUEST = 80877103


class Proxy:
    """Forwards connections on a port of 127.0.0.1 to another one.

    With `tls` it speaks it to the client as PostgreSQL does, on request. While `silent`, nothing
    is forwarded and nobody is told: what a firewall does that has forgotten a connection.
    """

    def __init__(self, target: int, tls: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self.tls = tls
        self.silent = False
        self._target = target
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
            first = await reader.readexactly(8)
            if int.from_bytes(first[4:]) == _SSL_REQUEST:
                writer.write(b"S" if self.tls else b"N")
                if self.tls:
                    await writer.start_tls(self.tls)
                first = b""
            inward, outward = await asyncio.open_connection("127.0.0.1", self._target)
            with contextlib.closing(outward):
                outward.write(first)
                await asyncio.gather(self._pump(reader, outward), self._pump(inward, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if not self.silent:
                writer.write(data)
                await writer.drain()
        if not self.silent:
            writer.close()
