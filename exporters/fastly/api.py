"""Fastly's HTTP APIs: one request, its answer as JSON, or why there is none."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import time
from typing import Any, Self

import aiohttp
from pydantic import SecretStr

from exporters.core.errors import (
    SourceError,
    SourceMalformed,
    SourceMismatch,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
)

_LARGE = 256 * 1024
"""Bytes of JSON that are parsed in less time than a worker thread takes to begin, and a little."""

_LONGEST_WAIT = 3600.0
_SAID = 300


class RateLimited(SourceUnavailable):
    """Fastly asked us to come back later (429)."""

    def __init__(self, message: str, retry_after: float | None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds; None where it does not say."""


class Forbidden(SourceRejected):
    """The token is one, but may not do this (403)."""


class TooLarge(SourceMalformed):
    """The answer is larger than anybody has use for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an API answered to a request that it took."""

    body: Any
    """The JSON as Python has it; None where there was none."""
    more: bool
    """Whether there is a page after this one."""


class FastlyApi:
    """Asks one of the APIs with one token. Opening it connects to nothing.

    Neither `repr` nor an error names the address or the token. `name` and `cure` are what errors
    call the API, and where they say its token comes from.
    """

    def __init__(
        self,
        base: str,
        token: SecretStr,
        *,
        name: str = "Fastly's API",
        cure: str = "see fastly.realtime.token_file",
        deadline: float = 30.0,
        largest: int = 32 * 1024 * 1024,
        secrets: Sequence[SecretStr] = (),
    ) -> None:
        """`secrets` are those that requests hold beside the token."""
        self._base = base
        self._token = token
        self._secrets = (token, *secrets)
        self._name, self._cure = name, cure
        self._deadline = deadline
        self._largest = largest
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return "FastlyApi()"

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers={
                "Fastly-Key": self._token.get_secret_value(),
                "Accept": "application/json",
                "User-Agent": "nearfield",
            },
            # A long poll holds its connection: who has many services has many.
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10.0),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        session, self._session = self._session, None
        if session:
            await session.close()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to a GET. Raises SourceError."""
        return await self._ask("GET", path, query, None)

    async def send(self, method: str, path: str, form: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to a POST or PUT of a form. Raises SourceError."""
        return await self._ask(method, path, None, form or {})

    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
    ) -> Answer:
        if not self._session:
            raise SourceUnavailable(f"the client of {self._name} is closed")
        try:
            async with (
                asyncio.timeout(self._deadline),
                self._session.request(
                    method, self._base + path, params=query, data=form, allow_redirects=False
                ) as response,
            ):
                body = await self._parsed(response)
                if response.status != 200:
                    raise self._refusal(response, body)
                return Answer(body, "next" in response.links)
        except TimeoutError:
            message = f"{self._name} did not answer within {self._deadline:g} s"
            raise SourceTimeout(message) from None
        # Their messages name the address, and no cause is kept for the same reason.
        except aiohttp.ClientSSLError:
            raise SourceRejected(f"{self._name}: its certificate is not trusted") from None
        except (aiohttp.ClientError, OSError):
            raise SourceUnavailable(f"{self._name} cannot be reached") from None

    async def _parsed(self, response: aiohttp.ClientResponse) -> Any:
        """Return the body as JSON; None where it is no JSON and the status says enough."""
        body = bytearray()
        async for chunk in response.content.iter_chunked(65536):
            body += chunk
            if len(body) > self._largest:
                raise TooLarge(f"{self._name} answered more than {self._largest} bytes")
        try:
            if len(body) > _LARGE:
                return await asyncio.to_thread(json.loads, body)
            return json.loads(body)
        except (ValueError, RecursionError):
            if response.status == 200:
                raise SourceMalformed(f"{self._name} answered something that is no JSON") from None
            return None

    def _refusal(self, response: aiohttp.ClientResponse, body: Any) -> SourceError:
        status, said = response.status, self._said(body)
        if status == 401:
            return SourceRejected(f"{self._name} refuses the token (401): {self._cure}")
        if status == 403:
            return Forbidden(f"{self._name} does not let the token do this (403): {self._cure}")
        if status == 429:
            message = f"{self._name} asks for fewer requests (429)"
            return RateLimited(message, _wait(response.headers, time()))
        if status >= 500 or status == 408:
            return SourceUnavailable(f"{self._name} cannot answer now ({status})")
        return SourceMismatch(f"{self._name} does not take this ({status}){said}")

    def _said(self, body: Any) -> str:
        """Return what Fastly says of a refusal, on one line and without the token."""
        if not isinstance(body, dict):
            return ""
        words = [str(body[key]) for key in ("msg", "detail") if isinstance(body.get(key), str)]
        text = self.masked(" ".join(": ".join(words).split()))
        return f": {text[:_SAID]}" if text.isprintable() and text else ""

    def masked(self, text: str) -> str:
        """Return a text of the API's without the secrets that it may repeat."""
        for secret in self._secrets:
            if value := secret.get_secret_value():
                text = text.replace(value, "…")
        return text


def _wait(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds to wait after a 429; Fastly tells the moment at which it counts anew."""
    try:
        if "Retry-After" in headers:
            seconds = float(headers["Retry-After"])
        else:
            seconds = float(headers["Fastly-RateLimit-Reset"]) - now
    except (KeyError, ValueError):
        return None
    return min(seconds, _LONGEST_WAIT) if seconds >= 0 else None
