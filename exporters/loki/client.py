"""One push to Loki: an answer, or why there was none."""

import asyncio
import io
import ssl
from base64 import b64encode
from collections.abc import Mapping
from typing import Self

import aiohttp

from exporters.core.errors import SourceRejected, SourceTimeout, SourceUnavailable, StartError
from exporters.loki.answers import Answer, retry_after
from exporters.loki.settings import LokiSettings

PUSH = "/loki/api/v1/push"

_CONNECT = 5.0
_TEXT = 4096


class LokiClient:
    """Pushes bodies to one Loki. Opening it connects to nothing: Loki may come later.

    Neither `repr` nor an error names the address, a credential, or what was pushed.
    """

    def __init__(self, settings: LokiSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return "LokiClient()"

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers=headers(self._settings),
            connector=aiohttp.TCPConnector(ssl=tls(self._settings), limit=2),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        session, self._session = self._session, None
        if session:
            await session.close()

    async def push(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Return Loki's answer; raises SourceUnavailable, SourceTimeout, SourceRejected for TLS.

        Where it raises, Loki may have stored the lines all the same.
        """
        if not self._session:
            raise SourceUnavailable("the Loki client is closed")
        url = f"{self._settings.loki_url}{PUSH}"
        try:
            async with (
                asyncio.timeout(self._settings.push_timeout),
                # From a file aiohttp sends piece by piece, and leaves the loop to others meanwhile.
                self._session.post(
                    url, data=io.BytesIO(body), headers=headers, allow_redirects=False
                ) as response,
            ):
                text = "" if response.status == 204 else await _beginning(response)
                wait = retry_after(response.headers.get("Retry-After", ""))
                return Answer(response.status, text, wait)
        except TimeoutError:
            raise SourceTimeout(
                f"Loki did not answer within {self._settings.push_timeout:g} s"
            ) from None
        # Their messages name the address, and no cause is kept for the same reason.
        except aiohttp.ClientSSLError:
            raise SourceRejected("no trusted connection to Loki: see logs.loki_ca_file") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise SourceUnavailable("Loki cannot be reached") from None


async def _beginning(response: aiohttp.ClientResponse) -> str:
    return (await response.content.read(_TEXT)).decode("utf-8", "replace")


def headers(settings: LokiSettings) -> dict[str, str]:
    """Return what each request says of us: tenant and credentials."""
    found = {"User-Agent": "nearfield"}
    if settings.loki_tenant:
        found["X-Scope-OrgID"] = settings.loki_tenant
    if settings.loki_token:
        found["Authorization"] = f"Bearer {settings.loki_token.get_secret_value()}"
    elif settings.loki_username is not None and settings.loki_password:
        pair = f"{settings.loki_username}:{settings.loki_password.get_secret_value()}"
        found["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    return found


def tls(settings: LokiSettings) -> ssl.SSLContext | bool:
    """Return how Loki's certificate is checked and which is ours; StartError for bad files."""
    if not (settings.loki_ca_file or settings.loki_cert_file):
        return True
    try:
        context = ssl.create_default_context(cafile=settings.loki_ca_file)
        if settings.loki_cert_file:
            context.load_cert_chain(settings.loki_cert_file, settings.loki_key_file)
    except (OSError, ssl.SSLError) as error:
        raise StartError(
            "logs: the TLS files cannot be used: see loki_ca_file, loki_cert_file, loki_key_file"
        ) from error
    return context
