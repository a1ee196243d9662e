"""Requests to the Docker Engine API: over a socket or TCP, of a negotiated version, in time.

aiohttp alone: its `UnixConnector` is what aiodocker is made of as well, and aiodocker would add a
task of its own for events that ends without a word when the engine goes, no deadline unless asked,
and no way to say `one-shot`.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self

import aiohttp

from exporters.core.errors import (
    SourceError,
    SourceMalformed,
    SourceMismatch,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
    StartError,
)
from exporters.docker.settings import DockerSettings

OLDEST, NEWEST = (1, 40), (1, 47)
"""API versions that we understand: Docker 19.03 is the first to have the oldest."""

DEADLINE = 10.0
"""Seconds for one answer; the engine lists a thousand containers in one."""

CONNECTIONS = 16

_CONNECT = 5.0
_IDLE = 5.0
"""Seconds that a connection is kept for the next request."""
_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})")

Params = Mapping[str, str]


class DockerClient:
    """Speaks to one engine. Opening it connects to nothing: an engine may come later."""

    def __init__(
        self,
        settings: DockerSettings,
        deadline: float = DEADLINE,
        connections: int = CONNECTIONS,
        *,
        chunked: bool = True,
    ) -> None:
        """`connections` may be open at a time, 0 for any number: for streams without an end.

        Not `chunked`, the engine is asked in HTTP/1.0, and such a stream comes as it is: it writes
        each line as a chunk, and to take chunks apart costs half as much as the line.
        """
        self._settings = settings
        self._deadline, self._connections = deadline, connections
        self._version = aiohttp.HttpVersion11 if chunked else aiohttp.HttpVersion10
        # Such a stream ends with its connection.
        self._headers = {} if chunked else {"Connection": "close"}
        self._base = _base(settings)
        self._prefix = ""
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            self._base,
            connector=self._connector(),
            version=self._version,
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(sock_connect=_CONNECT),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        session, self._session = self._session, None
        if session:
            await session.close()

    async def get(self, path: str, params: Params | None = None) -> Any:
        """Return the JSON that a path answers; raises SourceError, SourceMismatch for a 404."""
        async with self._in_time(), self._response(path, params) as response:
            if response.status == 404:
                raise SourceMismatch(f"the Docker engine knows no {_kind(path)} of that name")
            return await _json(response)

    async def find(self, path: str, params: Params | None = None) -> Any | None:
        """Return the JSON that a path answers, or None for a 404: it went away meanwhile."""
        async with self._in_time(), self._response(path, params) as response:
            return None if response.status == 404 else await _json(response)

    @asynccontextmanager
    async def stream(
        self, path: str, params: Params | None = None
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """Give the body of an answer without an end; only its beginning has a deadline.

        Reading it may raise SourceError inside the context. A 404 is a SourceMismatch.
        """
        answered = False
        try:
            async with asyncio.timeout(self._deadline) as limit:
                async with self._response(path, params) as response:
                    if response.status == 404:
                        raise SourceMismatch(f"the Docker engine knows no {_kind(path)}")
                    answered = True
                    limit.reschedule(None)
                    yield response.content
        except TimeoutError as error:
            if answered:
                raise
            raise SourceTimeout(_late(self._deadline)) from error

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._deadline):
                yield
        except TimeoutError as error:
            raise SourceTimeout(_late(self._deadline)) from error

    @asynccontextmanager
    async def _response(
        self, path: str, params: Params | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if not self._session:
            raise SourceUnavailable("the Docker client is closed")
        with self._translated():
            if not self._prefix:
                self._prefix = await self._negotiate(self._session)
            url = f"{self._prefix}{path}"
            async with self._session.get(url, params=params, allow_redirects=False) as response:
                if response.status != 404:
                    await _check(response)
                yield response

    async def _negotiate(self, session: aiohttp.ClientSession) -> str:
        async with session.get("/_ping", allow_redirects=False) as response:
            await _check(response)
            offered = _VERSION.fullmatch(response.headers.get("Api-Version", ""))
            if not offered:
                raise SourceMalformed("no Docker engine answers there: it names no API version")
        theirs = (int(offered[1]), int(offered[2]))
        if theirs < OLDEST:
            raise SourceMismatch(f"the Docker engine is too old: API {offered[0]}, wanted 1.40")
        return "/v{}.{}".format(*min(theirs, NEWEST))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn aiohttp's errors into ours, and forget the version: it may be another engine now."""
        try:
            yield
        except aiohttp.ClientError as error:
            self._prefix = ""
            raise _ours(error) from error
        except SourceUnavailable:
            self._prefix = ""
            raise

    def _connector(self) -> aiohttp.BaseConnector:
        if self._settings.host.startswith("unix://"):
            path = self._settings.host.removeprefix("unix://")
            return aiohttp.UnixConnector(path, limit=self._connections, keepalive_timeout=_IDLE)
        tls = _tls(self._settings) if self._settings.tls else True
        return aiohttp.TCPConnector(ssl=tls, limit=self._connections, keepalive_timeout=_IDLE)


def _base(settings: DockerSettings) -> str:
    if settings.host.startswith("unix://"):
        return "http://docker"
    authority = settings.host.partition("://")[2].rstrip("/")
    return f"{'https' if settings.tls else 'http'}://{authority}"


def _tls(settings: DockerSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.cert_file and settings.key_file:
            context.load_cert_chain(settings.cert_file, settings.key_file)
    except (OSError, ssl.SSLError) as error:
        raise StartError("docker: the TLS files cannot be used: see ca_file, cert_file") from error
    return context


async def _check(response: aiohttp.ClientResponse) -> None:
    """Raise what a refusal means; its text may hold names and addresses, and is left out."""
    status = response.status
    if status == 200:
        return
    if status in {401, 403, 405}:
        raise SourceRejected(f"the Docker engine, or the proxy before it, refuses ({status})")
    if status == 400 or 300 <= status < 400 or status == 404:
        raise SourceMismatch(f"the Docker engine does not understand us ({status})")
    raise SourceUnavailable(f"the Docker engine cannot answer now ({status})")


async def _json(response: aiohttp.ClientResponse) -> Any:
    try:
        return await response.json(content_type=None)
    except (ValueError, RecursionError) as error:
        raise SourceMalformed("the Docker engine answered something that is no JSON") from error


def _ours(error: aiohttp.ClientError) -> SourceError:
    reason = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else None
    if isinstance(error, aiohttp.ClientSSLError):
        return SourceRejected("no trusted connection to the Docker engine: see docker.ca_file")
    if isinstance(reason, PermissionError):
        return SourceRejected("the Docker socket may not be opened: who runs this needs its group")
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientResponseError):
        return SourceMalformed("the Docker engine broke off in the middle of an answer")
    return SourceUnavailable("no Docker engine answers: does it run, and is docker.host right?")


def _kind(path: str) -> str:
    return path.strip("/").partition("/")[0].rstrip("s") or "path"


def _late(deadline: float) -> str:
    return f"the Docker engine did not answer within {deadline:g} s"
