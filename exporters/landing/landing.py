"""Serves the page: remembers the last minutes, and answers with what there is to see now."""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from hashlib import sha256
from pathlib import Path
from string import Template

from aiohttp import web

from exporters.core.exporter import Exporter
from exporters.landing import page
from exporters.landing.families import Shown
from exporters.landing.glance import GROWING, STANDING, glance
from exporters.landing.growth import STEP, Growth
from exporters.landing.model import Glance, Link, State, late

_HERE = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
        " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_TYPES = {"page.css": "text/css", "page.js": "text/javascript"}


class Landing:
    """A service, and the routes of the page that it has something to say on.

    It looks at the counters of the exporters every few seconds, and asks nobody else for anything:
    what it shows is what a scrape would show.
    """

    name = "landing"

    def __init__(
        self,
        exporters: Sequence[Exporter],
        version: str,
        *,
        cures: Sequence[str] = (),
        links: Callable[[], Collection[Link]] = tuple,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`cures` say what exporters that do not run want; `links` are asked at each look."""
        self._exporters = exporters
        self._version = version
        self._cures = cures
        self._links = links
        self._clock = clock
        self._shown = Shown(exporters, {*GROWING, *STANDING})
        self._growths = {name: Growth() for name in GROWING}
        self._files = {name: (_HERE / name).read_bytes() for name in _TYPES}
        self._template = Template((_HERE / "page.html").read_text(encoding="utf-8"))

    async def run(self) -> None:
        """Look at the counters until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(STEP)

    def look(self) -> None:
        """Remember what came since the last look."""
        families = self._shown.read()
        for name, growth in self._growths.items():
            family = families.get(name)
            growth.look(family.rows() if family else None)

    def install(self, app: web.Application) -> None:
        """Add the page and its two files to an application."""
        app.router.add_get("/", self.answer)
        for name in _TYPES:
            app.router.add_get(f"/{name}", self._file)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer with the page; with its numbers as JSON for those who ask for that."""
        seen = glance(self._shown.read(), self._growths, self._clock())
        state: State = {each.name: each.health() for each in self._exporters}
        if request.query.get("format") == "json":
            return web.json_response(_as_json(state, seen))
        text = page.render(self._template, state, seen, self._around())
        answer = web.Response(text=text, content_type="text/html", headers=_HEADERS)
        answer.headers["Cache-Control"] = "no-store"
        answer.enable_compression()
        return answer

    def _around(self) -> dict[str, str]:
        return {
            "version": self._version,
            "css": _mark(self._files["page.css"]),
            "js": _mark(self._files["page.js"]),
            "links": page.links(tuple(self._links())),
            "idle": page.idle(self._cures),
        }

    async def _file(self, request: web.Request) -> web.Response:
        """Answer with a file; its address has its digest, so that a browser may keep it."""
        name = request.path.removeprefix("/")
        headers = {**_HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
        return web.Response(
            body=self._files[name], content_type=_TYPES[name], charset="utf-8", headers=headers
        )


def _mark(content: bytes) -> str:
    return sha256(content).hexdigest()[:12]


def _as_json(state: State, seen: Glance) -> dict[str, object]:
    sources = sum(map(len, state.values()))
    return {
        "figures": {each.key: each.value for each in seen.figures},
        "sources": {"all": sources, "late": len(late(state))},
    }
