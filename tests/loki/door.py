"""A door before Loki, a fake or a real one: it passes pushes on, or answers as it is told."""

import asyncio
import io
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Self

import aiohttp
from aiohttp import web

from tests.loki.fake import PUSH

Answer = Callable[["Door", web.Request, bytes], Awaitable[web.StreamResponse]]


class Door:
    """Answers pushes by `answers`, one a push; then by `always`; then as Loki does."""

    def __init__(self, backend: str, tls: ssl.SSLContext | None = None) -> None:
        self.answers: list[Answer] = []
        self.always: Answer | None = None
        self.bodies: list[bytes] = []
        self.headers: list[Mapping[str, str]] = []
        self.statuses: list[int] = []
        """Of the pushes that were passed on."""
        self.largest: int | None = None
        """Bytes of a body, as a proxy limits it."""
        self.port = 0
        self._backend, self._tls = backend, tls

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=100 * 1024**2)
        app.router.add_post(PUSH, self._push)
        self._runner = web.AppRunner(
            app,
            shutdown_timeout=0.1,
            handler_cancellation=True,
            access_log=None,
            auto_decompress=False,
        )
        self._session = aiohttp.ClientSession()
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        self.port = site.port
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._session.close()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def asked(self) -> int:
        return len(self.bodies)

    async def _push(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        if self.largest is not None and len(body) > self.largest:
            return web.Response(status=413, text="<html>413 Request Entity Too Large</html>")
        answer = self.answers.pop(0) if self.answers else self.always
        return await (answer or pass_on)(self, request, body)

    async def passed_on(self, request: web.Request, body: bytes) -> web.Response:
        kept = {"Content-Type", "Content-Encoding", "X-Scope-OrgID"}
        headers = {name: value for name, value in request.headers.items() if name in kept}
        url = f"{self._backend}{PUSH}"
        async with self._session.post(url, data=io.BytesIO(body), headers=headers) as response:
            self.statuses.append(response.status)
            return web.Response(status=response.status, text=await response.text())


async def pass_on(door: Door, request: web.Request, body: bytes) -> web.Response:
    """Let Loki answer."""
    return await door.passed_on(request, body)


def status(code: int, text: str = "no", retry_after: str | None = None) -> Answer:
    """Answer with this status; Loki sees nothing."""
    headers = {"Retry-After": retry_after} if retry_after else {}

    async def answer(_: Door, __: web.Request, ___: bytes) -> web.Response:
        return web.Response(status=code, text=text, headers=headers)

    return answer


async def cut_before(_: Door, request: web.Request, __: bytes) -> web.Response:
    """Hang up; Loki sees nothing."""
    return await _hang_up(request)


async def cut_after(door: Door, request: web.Request, body: bytes) -> web.Response:
    """Let Loki store, then hang up: its answer is lost."""
    await door.passed_on(request, body)
    return await _hang_up(request)


async def _hang_up(request: web.Request) -> web.Response:
    assert request.transport
    request.transport.abort()
    await asyncio.sleep(5)
    return web.Response()


async def silence(_: Door, __: web.Request, ___: bytes) -> web.Response:
    """Say nothing for longer than anybody waits."""
    await asyncio.sleep(60)
    return web.Response()
