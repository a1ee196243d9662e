"""A headless Chromium over its DevTools protocol: opens a page, looks at it, takes its picture."""

import asyncio
import base64
import contextlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from tests.programs import program

_PATIENCE = 60.0
_ADDRESS = re.compile(rb"DevTools listening on (ws://\S+)")


class Page:
    """One tab. Every call raises AssertionError where Chromium says no."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, session: str) -> None:
        self._socket = socket
        self._session = session
        self._numbers = count(100)

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return await _call(self._socket, next(self._numbers), method, parameters, self._session)

    async def open(self, url: str, headers: Mapping[str, str]) -> None:
        """Go to a page that is asked for with these headers."""
        await self.call("Network.enable")
        await self.call("Network.setExtraHTTPHeaders", headers=dict(headers))
        answer = await self.call("Page.navigate", url=url)
        assert "errorText" not in answer, f"{url}: {answer['errorText']}"

    async def evaluate(self, script: str) -> Any:
        """Return what JavaScript comes to."""
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, script: str, what: str) -> Any:
        """Return the first true value that JavaScript comes to."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while not (value := await self.evaluate(script)):
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise AssertionError(f"not within {_PATIENCE:g} s: {what}") from None
        return value

    async def picture(self, height: int) -> bytes:
        """Return the uppermost `height` pixels of the page as PNG."""
        clip = {"x": 0, "y": 0, "width": 1600, "height": height, "scale": 1}
        answer = await self.call(
            "Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True
        )
        return base64.b64decode(answer["data"])


@asynccontextmanager
async def browser(folder: Path, height: int = 4000) -> AsyncIterator[Page]:
    """Run a Chromium with an empty profile and give its one tab; skips where there is none."""
    process = await asyncio.create_subprocess_exec(
        program("chromium", "chromium-browser", "google-chrome", package="chromium"),
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
        f"--window-size=1600,{height}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(await _address(process), max_msg_size=2**28) as socket,
        ):
            targets = await _call(socket, 1, "Target.getTargets", {})
            tab = next(t["targetId"] for t in targets["targetInfos"] if t["type"] == "page")
            attached = await _call(
                socket, 2, "Target.attachToTarget", {"targetId": tab, "flatten": True}
            )
            yield Page(socket, attached["sessionId"])
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr
    async with asyncio.timeout(_PATIENCE):
        async for line in process.stderr:
            if match := _ADDRESS.search(line):
                return match[1].decode()
    raise AssertionError("Chromium ended before it could be talked to")


async def _call(
    socket: aiohttp.ClientWebSocketResponse,
    number: int,
    method: str,
    parameters: Mapping[str, Any],
    session: str = "",
) -> dict[str, Any]:
    message = {"id": number, "method": method, "params": parameters}
    await socket.send_str(json.dumps({**message, **({"sessionId": session} if session else {})}))
    async with asyncio.timeout(_PATIENCE):
        while True:
            answer = await socket.receive_json()
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result
