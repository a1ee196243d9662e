"""The guide: it speaks when there is something to see, downloads of the stream included."""

import asyncio
import io

from aiohttp import web
from aiohttp.test_utils import TestServer

from exporters.core.quantities import Address
from exporters.demo.guide import Guide
from exporters.demo.screen import Screen

NOTHING = '# TYPE podcast_downloads_total counter\npodcast_downloads_total{podcast="a"} 0.0\n'
COUNTED = NOTHING + 'podcast_downloads_total{podcast="b"} 3.0\n'


class Page:
    """A Nearfield that becomes ready, and then counts, one answer after the other."""

    def __init__(self) -> None:
        self.readiness = [503, 503, 200]
        self.pages = [NOTHING, NOTHING, COUNTED]
        self.asked: list[str] = []

    async def readyz(self, _: web.Request) -> web.Response:
        self.asked.append("readyz")
        return web.Response(status=self.readiness.pop(0))

    async def metrics(self, _: web.Request) -> web.Response:
        self.asked.append("metrics")
        return web.Response(text=self.pages.pop(0))


async def test_it_waits_until_everything_is_fresh_and_a_download_is_counted() -> None:
    page, out, served = Page(), io.StringIO(), asyncio.Event()
    app = web.Application()
    app.router.add_get("/readyz", page.readyz)
    app.router.add_get("/metrics", page.metrics)
    async with TestServer(app) as server:
        address = Address("127.0.0.1", server.port or 0)
        words = [("", "Ctrl-C ends all of it.")]
        await asyncio.wait_for(Guide(address, [], Screen(out), served, words).run(), 30)
    assert page.asked == ["readyz"] * 3 + ["metrics"] * 3
    assert served.is_set()
    first, last = out.getvalue().splitlines()
    assert first.split() == ["Nearfield", f"http://{address}/", "(2", "series", "on", "/metrics)"]
    assert last.strip() == "Ctrl-C ends all of it."
