"""A strict server in the place of Fastly's management API: versions, endpoints, validation."""

import re
from collections.abc import Callable
from typing import Any, Self

from aiohttp import web

TOKEN = "an-api-token-that-nobody-may-see"
SECRET = "a-secret-of-the-receiver"
FIELDS = frozenset(
    (
        "name",
        "url",
        "header_name",
        "header_value",
        "method",
        "content_type",
        "message_type",
        "json_format",
        "format",
        "format_version",
        "request_max_entries",
        "request_max_bytes",
    )
)

Answer = Callable[[web.Request], web.Response]


class Service:
    """One service: its versions by number, and the endpoints in each by name."""

    def __init__(self, *, active: bool = True) -> None:
        self.versions: dict[int, dict[str, Any]] = {}
        self.endpoints: dict[int, dict[str, dict[str, Any]]] = {}
        self.add(1, active=active)

    def add(self, number: int, *, active: bool = False, comment: str = "") -> None:
        self.versions[number] = {
            "number": number,
            "active": active,
            "locked": active,
            "comment": comment,
            "deployed": False,
        }
        self.endpoints[number] = {}

    def activate(self, number: int) -> None:
        for version in self.versions.values():
            version["active"] = version["number"] == number
        self.versions[number]["locked"] = True

    @property
    def active(self) -> int:
        return next(n for n, version in self.versions.items() if version["active"])


class Fastly:
    """The API. `writes` are requests that may change something; `answers` come before the truth."""

    def __init__(self) -> None:
        self.services = {"svc": Service()}
        self.writes: list[str] = []
        self.asked: list[str] = []
        self.problem = ""
        self.answers: dict[str, list[Answer]] = {}
        self.before: dict[str, Callable[[], None]] = {}
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._guard])
        root = "/service/{service}/version"
        app.router.add_get(root, self._list)
        app.router.add_put(root + "/{number}", self._comment)
        app.router.add_put(root + "/{number}/clone", self._clone)
        app.router.add_get(root + "/{number}/validate", self._validate)
        app.router.add_put(root + "/{number}/activate", self._activate)
        app.router.add_get(root + "/{number}/logging/https", self._endpoints)
        app.router.add_post(root + "/{number}/logging/https", self._create)
        app.router.add_put(root + "/{number}/logging/https/{name}", self._update)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = site.port
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def service(self) -> Service:
        return self.services["svc"]

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Who asks, for what, how: wrong in any of it is refused, as there."""
        what = request.path.removeprefix("/service/")
        self.asked.append(f"{request.method} {what}")
        step = re.sub(r".*/version/?(\d+/?)?", "", what)
        name = f"{request.method} {step or 'version'}"
        if hook := self.before.pop(name, None):
            hook()
        if self.answers.get(name):
            return self.answers[name].pop(0)(request)
        if request.headers.get("Fastly-Key") != TOKEN:
            return refused(401, "Provided credentials are missing or invalid")
        if request.match_info["service"] not in self.services:
            return refused(404, "Record not found", "Cannot load service")
        number = request.match_info.get("number")
        if number is not None and int(number) not in self._service(request).versions:
            return refused(404, "Record not found", "Cannot load version")
        if request.method != "GET":
            self.writes.append(f"{request.method} {what}")
            if request.body_exists and request.content_length:
                assert request.content_type == "application/x-www-form-urlencoded"
        response: web.StreamResponse = await handler(request)
        return response

    def _service(self, request: web.Request) -> Service:
        return self.services[request.match_info["service"]]

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response(list(self._service(request).versions.values()))

    async def _clone(self, request: web.Request) -> web.Response:
        service, number = self._service(request), int(request.match_info["number"])
        new = max(service.versions) + 1
        service.add(new, comment=service.versions[number]["comment"])
        service.endpoints[new] = {n: dict(e) for n, e in service.endpoints[number].items()}
        return web.json_response(service.versions[new])

    def _locked(self, request: web.Request) -> web.Response | None:
        number = int(request.match_info["number"])
        if self._service(request).versions[number]["locked"]:
            return refused(422, "Bad request", f"Version {number} is locked")
        return None

    async def _comment(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert set(form) == {"comment"}
        version = self._service(request).versions[int(request.match_info["number"])]
        version["comment"] = form["comment"]
        return web.json_response(version)

    async def _endpoints(self, request: web.Request) -> web.Response:
        found = self._service(request).endpoints[int(request.match_info["number"])]
        return web.json_response(list(found.values()))

    async def _create(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        assert set(form) == FIELDS
        assert form["url"].startswith("https://")
        found = self._service(request).endpoints[int(request.match_info["number"])]
        if form["name"] in found:
            return refused(409, "Conflict", f"Duplicate record: {form['header_value']}")
        return self._locked(request) or self._keep(found, form)

    async def _update(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        found = self._service(request).endpoints[int(request.match_info["number"])]
        if request.match_info["name"] not in found:
            return refused(404, "Record not found", "Couldn't find HTTPS")
        return self._locked(request) or self._keep(found, form)

    def _keep(self, found: dict[str, dict[str, Any]], form: dict[str, str]) -> web.Response:
        """Keep an endpoint; some numbers come back as numbers, and what is not set as null."""
        kept: dict[str, Any] = {**found.get(form["name"], {"placement": None}), **form}
        kept["request_max_bytes"] = int(kept["request_max_bytes"])
        found[form["name"]] = kept
        return web.json_response(kept)

    async def _validate(self, _: web.Request) -> web.Response:
        if self.problem:
            body = {"status": "error", "msg": "invalid", "errors": [self.problem]}
            return web.json_response(body)
        return web.json_response({"status": "ok", "msg": None})

    async def _activate(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        if self.problem:
            return refused(400, "Bad request", "the version is not valid")
        self._service(request).activate(number)
        return web.json_response(self._service(request).versions[number])


def refused(status: int, msg: str, detail: str = "", **headers: str) -> web.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response({"msg": msg, "detail": detail}, status=status, headers=named)
