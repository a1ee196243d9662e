"""A small server in Slack's place: strict about what it takes, and told how to answer."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Self

from aiohttp import web
from pydantic import SecretStr

PATH = "/services/T000/B000/secretsecretsecret"
"""As Slack's own addresses look: the last part is what lets one in."""

_FIELDS = {"text": str, "mrkdwn": bool, "unfurl_links": bool, "unfurl_media": bool}

Answer = Callable[[web.Request], Any]


class Room:
    """Collects the texts of posts. `answers` are given first, one a post; then all is taken."""

    def __init__(self) -> None:
        self.posts: list[str] = []
        self.asked = 0
        self.answers: list[Answer] = []
        self.always: Answer | None = None
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post(PATH, self._post)
        self._runner = web.AppRunner(
            app, shutdown_timeout=0.1, handler_cancellation=True, access_log=None
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = site.port
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner
        await self._runner.cleanup()

    @property
    def url(self) -> SecretStr:
        return SecretStr(f"http://127.0.0.1:{self.port}{PATH}")

    async def _post(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        text = checked(request.headers, await request.read())
        answer = self.answers.pop(0) if self.answers else self.always
        if answer is None:
            self.posts.append(text)
            return web.Response(text="ok")
        response: web.StreamResponse = await answer(request)
        return response


def checked(headers: Mapping[str, str], body: bytes) -> str:
    """Return the text of a post as Slack would take it, or fail as Slack would refuse it."""
    assert headers["Content-Type"].partition(";")[0] == "application/json"
    fields = json.loads(body.decode("utf-8"))
    assert set(fields) <= set(_FIELDS)
    assert all(isinstance(value, _FIELDS[name]) for name, value in fields.items())
    text = str(fields["text"])
    assert text.strip(), "no_text"
    assert len(text) <= 4000, "msg_too_long"
    return text


def status(code: int, **headers: str) -> Answer:
    """Answer with this status; `Retry_After` is a header's name."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=code, text="no", headers=named)

    return answer


async def cut(request: web.Request) -> web.Response:
    """Hang up without an answer."""
    assert request.transport
    request.transport.abort()
    await asyncio.sleep(5)
    return web.Response()


async def silence(_: web.Request) -> web.Response:
    """Say nothing for longer than anybody waits."""
    await asyncio.sleep(60)
    return web.Response()


async def until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until something is true; fail where it does not become so."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)
