"""The Docker distribution API, as far as it tells which digest a tag has."""

import asyncio
import re
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, Self
from urllib.parse import quote, urlsplit

import aiohttp

from exporters.containers.deploys.credentials import Login
from exporters.containers.deploys.images import HUB
from exporters.core.errors import (
    SourceError,
    SourceMalformed,
    SourceMismatch,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
    StartError,
)

_DEADLINE = 10.0
_LIFETIME = 60.0
"""Seconds that a token lives where nothing is said (distribution's specification of tokens)."""

_ACCEPT = (
    "application/vnd.oci.image.index.v1+json,"
    "application/vnd.docker.distribution.manifest.list.v2+json,"
    "application/vnd.oci.image.manifest.v1+json,"
    "application/vnd.docker.distribution.manifest.v2+json"
)
"""Lists first: a service that was pulled by tag runs the digest of the list, where there is one."""

_PARAMETER = re.compile(r'([a-zA-Z_]+)="([^"]*)"')
_DIGEST = re.compile(r"[a-z0-9]+:[0-9a-f]{32,128}")
_HUB_BASE = "https://registry-1.docker.io"


class Registry:
    """Asks one registry for digests, and for nothing else; opened and closed with the process."""

    def __init__(
        self, name: str, ca_file: Path | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        """`name` is a host with an optional port; `http://` before it means without TLS."""
        scheme, _, rest = name.rpartition("://")
        self.name = rest
        self._base = _HUB_BASE if rest == HUB else f"{scheme or 'https'}://{rest}"
        self._ca_file = ca_file
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._tokens: dict[str, tuple[float, str]] = {}

    def __repr__(self) -> str:
        return f"Registry({self.name!r})"

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=_tls(self._ca_file), limit=4),
            headers={"User-Agent": "nearfield"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        session, self._session = self._session, None
        if session:
            await session.close()

    async def digest(self, repository: str, tag: str, login: Login | None = None) -> str | None:
        """Return the digest that a tag has, None where the registry knows no such tag.

        Raises SourceError.
        """
        if not self._session:
            raise SourceUnavailable("the registry's client is closed")
        try:
            async with asyncio.timeout(_DEADLINE):
                return await self._digest(self._session, repository, tag, login)
        except TimeoutError as error:
            raise SourceTimeout(f"{self.name} did not answer in {_DEADLINE:g} s") from error
        except aiohttp.ClientSSLError as error:
            raise SourceRejected(f"{self.name}: its certificate is not trusted") from error
        except (aiohttp.ClientError, OSError) as error:
            raise SourceUnavailable(f"{self.name} does not answer") from error

    async def _digest(
        self, session: aiohttp.ClientSession, repository: str, tag: str, login: Login | None
    ) -> str | None:
        url = f"{self._base}/v2/{quote(repository)}/manifests/{quote(tag)}"
        headers = {"Accept": _ACCEPT}
        if token := self._token(repository):
            headers["Authorization"] = token
        async with session.head(url, headers=headers, allow_redirects=False) as response:
            challenge = response.headers.get("WWW-Authenticate", "")
            if response.status != 401:
                return self._answer(response)
        headers["Authorization"] = await self._authorize(session, challenge, repository, login)
        async with session.head(url, headers=headers, allow_redirects=False) as response:
            return self._answer(response)

    def _answer(self, response: aiohttp.ClientResponse) -> str | None:
        status = response.status
        if status == 200:
            digest = response.headers.get("Docker-Content-Digest", "")
            if not _DIGEST.fullmatch(digest):
                raise SourceMalformed(f"{self.name} tells no digest")
            return digest
        if status == 404:
            return None
        raise self._refusal(status)

    def _refusal(self, status: int) -> SourceError:
        if status in {401, 403}:
            return SourceRejected(f"{self.name} refuses: see registry_credentials_file ({status})")
        if status == 429 or status >= 500:
            return SourceUnavailable(f"{self.name} cannot answer now ({status})")
        return SourceMismatch(f"{self.name} is no registry that we understand ({status})")

    def _token(self, repository: str) -> str | None:
        until, token = self._tokens.get(repository, (0.0, ""))
        return token if self._clock() < until else None

    async def _authorize(
        self,
        session: aiohttp.ClientSession,
        challenge: str,
        repository: str,
        login: Login | None,
    ) -> str:
        """Return what to put into `Authorization`, as the registry's challenge wants it."""
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic" and login:
            return _basic(login)
        if scheme.lower() != "bearer":
            raise self._refusal(401)
        wants = dict(_PARAMETER.findall(rest))
        answer = await self._ask_token(session, wants, repository, login)
        token = f"Bearer {answer.get('token') or answer.get('access_token') or ''}"
        lifetime = answer.get("expires_in")
        seconds = float(lifetime) if isinstance(lifetime, int | float) else _LIFETIME
        self._tokens[repository] = (self._clock() + seconds - 10.0, token)
        return token

    async def _ask_token(
        self,
        session: aiohttp.ClientSession,
        wants: Mapping[str, str],
        repository: str,
        login: Login | None,
    ) -> Mapping[str, Any]:
        realm = wants.get("realm", "")
        # A password goes over TLS, or nowhere that is not as open as the registry itself.
        if urlsplit(realm).scheme not in {"https", urlsplit(self._base).scheme}:
            raise SourceRejected(f"{self.name} sends us for a token to a place without TLS")
        query = {"scope": f"repository:{repository}:pull"}
        if service := wants.get("service"):
            query["service"] = service
        headers = {"Authorization": _basic(login)} if login else {}
        async with session.get(
            realm, params=query, headers=headers, allow_redirects=False
        ) as response:
            if response.status != 200:
                raise self._refusal(response.status)
            try:
                answer = await response.json(content_type=None)
            except (ValueError, RecursionError) as error:
                raise SourceMalformed(f"{self.name}: its token is no JSON") from error
        if not isinstance(answer, dict):
            raise SourceMalformed(f"{self.name}: its token is none")
        return answer


def _basic(login: Login) -> str:
    return "Basic " + b64encode(f"{login.user}:{login.password}".encode()).decode()


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise StartError("containers.deploys.registry_ca_file cannot be used") from error
    return context
