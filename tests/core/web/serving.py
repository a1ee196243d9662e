"""Serves a small application behind a guard, on a real port, for tests."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from exporters.core.web.guard import Guard
from exporters.core.web.live import LiveConfig
from tests.core.web.certificates import Issued


async def _hello(_: web.Request) -> web.Response:
    return web.Response(text="hello\n")


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(text="guarded 1\n", headers={"Content-Type": "text/plain; version=0.0.4"})


@asynccontextmanager
async def serving(live: LiveConfig, guard: Guard | None = None) -> AsyncIterator[str]:
    """Serve `/`, `/metrics` and `/healthz` with what `live` asks; give the URL."""
    app = web.Application()
    app.router.add_get("/", _hello)
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/healthz", _hello)
    (guard or Guard(live)).install(app)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=live.context)
        await site.start()
        yield f"{'https' if live.context else 'http'}://127.0.0.1:{site.port}"
    finally:
        await runner.cleanup()


def trusting(authority: Path, client: Issued | None = None) -> ssl.SSLContext:
    """Return what a client needs that trusts one authority, and may show a certificate."""
    context = ssl.create_default_context(cafile=authority)
    if client:
        context.load_cert_chain(client.cert, client.key)
    return context


async def until(condition: Callable[[], Awaitable[bool]], patience: float = 5) -> None:
    """Wait for what another thread or process does, for so many seconds at most."""
    async with asyncio.timeout(patience):
        while not await condition():
            await asyncio.sleep(patience / 1000)
