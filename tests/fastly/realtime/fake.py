"""Strict servers in the place of Fastly's real-time and management API, on one port.

As the real one: a channel holds its request until there is a second after the one asked for, or
answers that there is none; it remembers 120 s; what it tells is `Timestamp` old less its delay.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any, Self

from aiohttp import web
from pydantic import SecretStr

TOKEN = "a-token-that-nobody-may-see"
DELAY = 9
HISTORY = 120
FIRST = 1_700_000_000
"""The first second that there ever was."""

Measurements = dict[str, Any]
Answer = Callable[[web.Request], Any]


class Channel:
    """What one service did, by the second."""

    def __init__(self) -> None:
        self.now = FIRST
        """The last complete second."""
        self.recorded: dict[int, dict[str, Measurements]] = {}
        self.asked: list[str] = []

    def happen(self, seconds: int = 1, **places: Measurements) -> None:
        """Let time pass, with the same in each second; without places it passes idly."""
        for _ in range(seconds):
            self.now += 1
            if places:
                self.recorded[self.now] = places

    def answer(self, place: str) -> dict[str, Any]:
        """What there is to tell now."""
        if place == "h":
            since = self.now - HISTORY
        elif place == "0":
            since = self.now - 1
        else:
            since = max(int(place) - DELAY, self.now - HISTORY)
        data = [
            {"recorded": second, "aggregated": total(places), "datacenter": places}
            for second, places in sorted(self.recorded.items())
            if second > since
        ]
        answer = {"Data": data, "Timestamp": self.now + DELAY, "AggregateDelay": DELAY}
        return answer if data else answer | {"Error": "No data available"}


def total(places: dict[str, Measurements]) -> Measurements:
    """The sums over all places, as the API has them beside."""
    sums: Measurements = {}
    for measured in places.values():
        for name, value in measured.items():
            if isinstance(value, int | float):
                sums[name] = sums.get(name, 0) + value
    return sums


class Fastly:
    """Both APIs. A channel gives the next of `answers`, else `always`, else the truth."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}
        self.services: list[dict[str, Any]] = []
        self.places: list[str] = []
        self.certificates: list[dict[str, Any]] | None = []
        self.expires: str | None = None
        self.answers: list[Answer] = []
        self.always: Answer | None = None
        self.hold = 0.2
        """Seconds that a channel waits for something to tell."""
        self.page = 100
        self.token = TOKEN
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/v1/channel/{service}/ts/{ts}", self._channel)
        app.router.add_get("/service", self._services)
        app.router.add_get("/datacenters", self._datacenters)
        app.router.add_get("/tls/certificates", self._certificates)
        app.router.add_get("/tokens/self", self._token)
        self._runner = web.AppRunner(
            app, shutdown_timeout=0.1, handler_cancellation=True, access_log=None
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = site.port
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Go away: whoever is connected is cut off."""
        runner, self._runner = self._runner, None
        if runner:
            await runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def secret(self) -> SecretStr:
        return SecretStr(TOKEN)

    def add(self, service: str, name: str, version: int = 1) -> Channel:
        """Have a service with this name."""
        self.services.append({"id": service, "name": name, "version": version, "type": "vcl"})
        return self.channels.setdefault(service, Channel())

    def _refused(self, request: web.Request) -> web.Response | None:
        assert request.headers["Accept"] == "application/json"
        if request.headers.get("Fastly-Key") != self.token:
            return web.json_response({"msg": "Provided credentials are missing"}, status=401)
        return None

    async def _channel(self, request: web.Request) -> web.StreamResponse:
        service, place = request.match_info["service"], request.match_info["ts"]
        assert re.fullmatch(r"h|\d+", place)
        assert not request.query
        channel = self.channels.get(service)
        if channel:
            channel.asked.append(place)
        told = self.answers.pop(0) if self.answers else self.always
        if told:
            response: web.StreamResponse = await told(request)
            return response
        if refused := self._refused(request):
            return refused
        if not channel:
            return web.json_response({"Data": None, "Error": "not authorized"}, status=403)
        deadline = asyncio.get_running_loop().time() + self.hold
        while (answer := channel.answer(place)).get("Error"):
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.01)
        return web.json_response(answer)

    async def _services(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        page, size = int(request.query["page"]), int(request.query["per_page"])
        size = min(size, self.page)
        shown = self.services[(page - 1) * size : page * size]
        following = page * size < len(self.services)
        link = f'<https://elsewhere.invalid/service?page={page + 1}>; rel="next"'
        return web.json_response(shown, headers={"Link": link} if following else {})

    async def _datacenters(self, request: web.Request) -> web.Response:
        at = {"x": 0, "y": 0, "latitude": 51.5, "longitude": -0.5}
        shown = [
            {"code": each, "name": f"Place of {each}", "group": "Europe", "coordinates": at}
            for each in self.places
        ]
        return self._refused(request) or web.json_response(shown)

    async def _certificates(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        if self.certificates is None:
            return web.json_response({"msg": "You are not authorized"}, status=403)
        page, size = int(request.query["page[number]"]), int(request.query["page[size]"])
        assert size <= 200
        size = min(size, self.page)
        shown = self.certificates[(page - 1) * size : page * size]
        following = page * size < len(self.certificates)
        links = {"next": "https://elsewhere.invalid/" if following else None}
        return web.json_response({"data": shown, "links": links, "meta": {}})

    async def _token(self, request: web.Request) -> web.Response:
        found = {"id": "t1", "user_id": "u1", "name": "ours", "expires_at": self.expires}
        return self._refused(request) or web.json_response(found)


def certificate(name: str, not_after: str, serial: str = "255") -> dict[str, Any]:
    attributes = {
        "issued_to": name,
        "issuer": "A CA",
        "name": f"of {name}",
        "not_after": not_after,
        "serial_number": serial,
    }
    return {"id": f"id-{name}", "type": "tls_certificate", "attributes": attributes}


def status(code: int, body: bytes = b'{"msg":"no"}', **headers: str) -> Answer:
    """Answer with this status; `Retry_After` is a header's name."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=code, body=body, headers=named, content_type="application/json")

    return answer


async def cut(request: web.Request) -> web.Response:
    """Hang up without an answer."""
    assert request.transport
    request.transport.abort()
    return web.Response()
