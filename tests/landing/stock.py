"""Exporters of a dairy that has podcasts: families whose values a test moves by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientSession, web

from exporters.core.exporter import Exporter, Health
from exporters.core.exposition import ValueFamily
from exporters.core.quantities import Address
from exporters.core.web.server import Listener
from exporters.landing import Landing

NOW = 1_800_000_000.0
DAY = 86400.0


class Shelf:
    def __init__(self, health: Health) -> None:
        self._health = health

    def health(self) -> Health:
        return self._health


FRESH = Shelf(Health("milk", fresh=True, age=3.0))
WAITING = Shelf(Health("door", fresh=True))
FAILING = Shelf(Health("oats", fresh=True, reason="timeout: no answer within 5 s", age=40.0))
LATE = Shelf(Health("eggs", fresh=False, reason='unavailable: no <b>hens</b>"', age=None))


def downloads() -> ValueFamily:
    return ValueFamily("counter", "podcast_downloads_total", "x", ["podcast", "episode"])


def episodes() -> list[ValueFamily]:
    """Three public episodes of one show; the stream knows one of them."""
    shows = ValueFamily("gauge", "podcast_info", "x", ["podcast", "title", "status"])
    shows.set(("dairy", "The <Dairy> Hour", "active"), 1)
    key = ["podcast", "episode"]
    infos = ValueFamily("gauge", "podcast_episode_info", "x", [*key, "title", "type"])
    dates = ValueFamily("gauge", "podcast_episode_published_timestamp_seconds", "x", key)
    counts = ValueFamily("gauge", "podcast_episode_downloads", "x", [*key, "source"])
    for number, title in enumerate(("Butter", "Cheese", "Curds & whey"), 1):
        infos.set(("dairy", str(number), title, "full"), 1)
        dates.set(("dairy", str(number)), NOW - (4 - number) * DAY)
        counts.set(("dairy", str(number), "app"), 1000 * number)
    counts.set(("dairy", "3", "stream"), 2950)
    return [shows, infos, dates, counts]


@asynccontextmanager
async def opened(landing: Landing) -> AsyncIterator[ClientSession]:
    """Serve the page, and give a client of it."""
    app = web.Application()
    landing.install(app)
    async with Listener("test", app, Address("127.0.0.1", 0)) as listener:
        async with ClientSession(listener.url) as http:
            yield http


def dairy(*shelves: Shelf, families: tuple[ValueFamily, ...] = ()) -> Exporter:
    return Exporter("dairy", sources=lambda: shelves, collectors=families)
