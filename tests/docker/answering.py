"""An engine that says what a test wants: for failures that a real one cannot be made to show."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def details(key: str, name: str, **state: Any) -> dict[str, Any]:
    """What `inspect` says of a running container."""
    return {
        "Id": key,
        "Name": f"/{name}",
        "RestartCount": state.pop("restarts", 0),
        "State": {"Status": "running", "Pid": 1, "StartedAt": "2026-01-02T03:04:05.5Z", **state},
        "Config": {"Image": "shop:1", "Labels": None},
        "HostConfig": {"NetworkMode": "bridge"},
    }


class Answering:
    """Containers that the test changes, and an event stream that it writes."""

    def __init__(self) -> None:
        self.version = "1.41"
        self.status = 200
        self.containers: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.streams: list[asyncio.Queue[bytes | None]] = []
        self.silent = False
        self.now = 5 * 10**18

    def tell(self, action: str, key: str, **attributes: str) -> None:
        """Send an event to whoever follows."""
        self.now += 10**6
        event = {"Type": "container", "Action": action, "timeNano": self.now}
        event["Actor"] = {"ID": key, "Attributes": {"name": key, **attributes}}
        for stream in self.streams:
            stream.put_nowait(json.dumps(event).encode() + b"\n")

    def hang_up(self) -> None:
        """End every event stream."""
        for stream in self.streams:
            stream.put_nowait(None)
        self.streams.clear()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer any request."""
        self.asked.append(request.path)
        if self.silent:
            await asyncio.sleep(60)
        if request.path == "/_ping":
            return web.Response(headers={"Api-Version": self.version})
        if self.status != 200:
            return web.json_response({"message": "a secret"}, status=self.status)
        path = request.path.split("/", 2)[-1]
        if path == "events":
            return await self._events(request)
        if path == "containers/json":
            return web.json_response([_line(each) for each in self.containers.values()])
        found = self.containers.get(path.split("/")[1])
        return web.json_response(found or {}, status=200 if found else 404)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        stream: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.streams.append(stream)
        while line := await stream.get():
            await response.write(line)
        return response


def _line(each: dict[str, Any]) -> dict[str, Any]:
    state = each["State"]["Status"]
    return {"Id": each["Id"], "Names": [each["Name"]], "State": state, "Status": "Up 3 hours"}


@asynccontextmanager
async def serving(answer: Answer, folder: Path) -> AsyncIterator[str]:
    """Serve on a socket; gives the host to connect to."""
    runner = await _runner(answer)
    try:
        await web.UnixSite(runner, str(folder / "d.sock")).start()
        yield f"unix://{folder}/d.sock"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def serving_tcp(answer: Answer, context: ssl.SSLContext | None) -> AsyncIterator[str]:
    """Serve on a port, with TLS where there is a context."""
    runner = await _runner(answer)
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        yield f"tcp://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _runner(answer: Answer) -> web.AppRunner:
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    return runner
