"""Each dashboard opened in a real Grafana, where one is given: no panel may show an error.

`NEARFIELD_TEST_GRAFANA_URL` and `NEARFIELD_TEST_GRAFANA_TOKEN` name it; `NEARFIELD_TEST_PICTURES=1`
writes what is seen to docs/images.
"""

import os
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from dashboards.build import shipped
from dashboards.grafana import grafana
from tests.dashboards.browser import Page, browser
from tests.dashboards.generated import Json, panels

IMAGES = Path(__file__).parents[2] / "docs" / "images"
GRAFANA = os.environ.get("NEARFIELD_TEST_GRAFANA_URL", "").rstrip("/")

SETTLED = """
(() => {
  const titles = document.querySelectorAll('[data-testid*="Panel header"]').length;
  const busy = document.querySelectorAll('[aria-label="Panel loading bar"]').length;
  return titles >= WANTED && busy === 0;
})()
"""
ERRORS = """
Array.from(document.querySelectorAll(
  '[data-testid*="Panel status error"], [aria-label="Panel status"], [data-testid="panel-error"]'
)).map(each => each.closest('section, .panel-container, body').innerText.slice(0, 120))
"""


def open_panels(dashboard: Json) -> int:
    """How many panels are seen without opening a row."""
    return sum(panel["type"] != "row" for panel in dashboard["panels"])


def keep(name: str, picture: bytes) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    (IMAGES / f"{name}.png").write_bytes(picture)


async def errors(page: Page, url: str, dashboard: Json, token: str) -> list[str]:
    """Return the panels of a dashboard that show an error, once all have loaded."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    await page.open(f"{url}/d/{dashboard['uid']}?kiosk", headers)
    wanted = str(open_panels(dashboard))
    await page.until(SETTLED.replace("WANTED", wanted), f"{dashboard['uid']} has loaded")
    found: list[str] = await page.evaluate(ERRORS)
    return found


@pytest.mark.skipif(not GRAFANA, reason="no Grafana is given")
async def test_no_panel_shows_an_error_in_a_real_grafana(tmp_path: Path) -> None:
    token = os.environ["NEARFIELD_TEST_GRAFANA_TOKEN"]
    async with grafana(GRAFANA, token) as api:
        await api.push(list(shipped()), "nearfield", "Nearfield")
    wrong = {}
    async with browser(tmp_path) as page:
        for dashboard in shipped():
            if found := await errors(page, GRAFANA, dashboard, token):
                wrong[dashboard["uid"]] = found
            if os.environ.get("NEARFIELD_TEST_PICTURES"):
                lowest = max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in panels(dashboard))
                keep(dashboard["uid"], await page.picture(120 + 38 * lowest))
    assert wrong == {}


async def test_the_browser_sees_the_error_of_a_panel(tmp_path: Path) -> None:
    dashboard = next(iter(shipped()))
    header = '<section><h2 data-testid="data-testid Panel header x">A panel</h2>{}</section>'
    error = '<button data-testid="data-testid Panel status error">bad query</button>'

    async def show(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer glsa_x"
        bodies = [header.format("")] * (open_panels(dashboard) - 1) + [header.format(error)]
        return web.Response(text="".join(bodies), content_type="text/html")

    app = web.Application()
    app.router.add_get("/d/{uid}", show)
    async with TestServer(app) as server, browser(tmp_path / "profile") as page:
        found = await errors(page, str(server.make_url("")).rstrip("/"), dashboard, "glsa_x")
        assert len(found) == 1
        assert "bad query" in found[0]
        assert (await page.picture(300)).startswith(b"\x89PNG")
