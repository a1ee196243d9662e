"""The page in a headless Chromium: on a phone and a desk, light and dark, alive and lost."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web

from exporters.core.exporter import Exporter
from exporters.core.quantities import Address
from exporters.core.web.server import Listener
from exporters.landing import Landing, Link
from tests.dashboards.browser import Page, browser
from tests.landing.stock import FAILING, FRESH, LATE, NOW, WAITING, dairy, downloads, episodes

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIZES = ((390, 844), (1280, 900))

FAINT = """
(() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")]
    .filter(node => [...node.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .filter(node => node.offsetParent && !node.closest("svg"))
    .map(node => {
      const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))];
      return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), node.textContent.slice(0, 40)];
    })
    .filter(([ratio]) => ratio < 4.5);
})()
"""
"""Texts whose contrast is below what WCAG 2.2 asks for (1.4.3)."""

WIDE = "document.documentElement.scrollWidth > innerWidth"
NOW_SHOWN = "document.querySelector('.figures dd').textContent"
RENEW = "document.dispatchEvent(new Event('visibilitychange'))"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def page(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    """The one tab of these tests."""
    async with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


def watched() -> tuple[Landing, Exporter]:
    counted = downloads()
    counted.inc(("dairy", "3"), 0)
    exporter = dairy(FRESH, WAITING, FAILING, LATE, families=(counted, *episodes()))
    links = [
        Link("Grafana", "http://127.0.0.1:3000/"),
        Link("Prometheus", "http://127.0.0.1:9090/"),
    ]
    landing = Landing([exporter], "1.2.3", cures=["a cure"], links=lambda: links, clock=lambda: NOW)
    landing.look()
    count(exporter, landing, 41)
    return landing, exporter


def count(exporter: Exporter, landing: Landing, more: float) -> None:
    exporter.collectors[0].inc(("dairy", "3"), more)  # type: ignore[attr-defined]
    landing.look()


def listener(landing: Landing) -> Listener:
    app = web.Application()
    landing.install(app)
    return Listener("test", app, Address("127.0.0.1", 0))


async def emulate(page: Page, width: int, height: int, scheme: str) -> None:
    await page.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=height,
        deviceScaleFactor=1,
        mobile=False,
    )
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    await page.call("Emulation.setEmulatedMedia", features=features)


async def loaded(page: Page, url: str) -> None:
    await page.open(f"{url}/", {})
    await page.until(f"document.readyState === 'complete' && {NOW_SHOWN}", "the page is there")


async def test_people_can_read_it_on_a_phone_and_a_desk_light_and_dark(page: Page) -> None:
    landing, _ = watched()
    async with listener(landing) as served:
        papers = set()
        for width, height in SIZES:
            for scheme in ("light", "dark"):
                await emulate(page, width, height, scheme)
                await loaded(page, served.url)
                assert await page.evaluate(WIDE) is False, f"{width} {scheme}"
                assert await page.evaluate(FAINT) == [], f"{width} {scheme}"
                papers.add(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert len(papers) == 2
        await page.evaluate("document.documentElement.style.setProperty('--soft', '#666')")
        assert await page.evaluate(FAINT), "what is faint is found"


async def test_it_renews_itself_and_says_when_nobody_answers(page: Page) -> None:
    landing, exporter = watched()
    async with listener(landing) as served:
        await loaded(page, served.url)
        assert await page.evaluate(NOW_SHOWN) == "41"
        await page.evaluate("window.same = true")
        count(exporter, landing, 1)
        await page.evaluate(RENEW)
        await page.until(f"{NOW_SHOWN} === '42' && window.same", "the new number is there")
        assert await page.evaluate("document.getElementById('lost').hidden") is True
    await page.evaluate(RENEW)
    await page.until("!document.getElementById('lost').hidden", "it says that it is lost")
    assert await page.evaluate(NOW_SHOWN) == "42"


async def test_without_scripts_all_of_it_is_there_and_loads_again(page: Page) -> None:
    landing, _ = watched()
    async with listener(landing) as served:
        await page.call("Emulation.setScriptExecutionDisabled", value=True)
        await loaded(page, served.url)
        assert await page.evaluate("document.querySelectorAll('main table, main svg').length") > 3
        again = "document.querySelector('noscript meta').getAttribute('http-equiv')"
        assert await page.evaluate(again) == "refresh"
