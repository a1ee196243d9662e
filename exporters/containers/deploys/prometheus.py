"""Numbers from Prometheus' HTTP API."""

import asyncio
from collections.abc import Mapping
from math import isfinite
from typing import Any, Self

import aiohttp

from exporters.core.errors import (
    SourceMalformed,
    SourceMismatch,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
)

_DEADLINE = 10.0
_LARGEST = 1 << 20


class Prometheus:
    """Asks one Prometheus for single numbers."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        session, self._session = self._session, None
        if session:
            await session.close()

    async def number(self, query: str, at: float) -> float:
        """Return the value of a query at a moment; 0 where it has none. Raises SourceError."""
        if not self._session:
            raise SourceUnavailable("the Prometheus client is closed")
        form = {"query": query, "time": f"{at:.3f}", "timeout": f"{_DEADLINE:g}s"}
        try:
            async with (
                asyncio.timeout(_DEADLINE),
                self._session.post(
                    f"{self._url}/api/v1/query", data=form, allow_redirects=False
                ) as response,
            ):
                _check(response)
                return _number(await response.json(content_type=None))
        except TimeoutError as error:
            raise SourceTimeout(f"Prometheus did not answer within {_DEADLINE:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise SourceUnavailable("no Prometheus answers: see slack.prometheus_url") from error
        except (ValueError, RecursionError) as error:
            raise SourceMalformed("Prometheus answered something that is no JSON") from error


def _check(response: aiohttp.ClientResponse) -> None:
    if response.status in {401, 403}:
        raise SourceRejected("Prometheus refuses: see slack.prometheus_url")
    if response.status in {400, 404, 405, 422}:
        raise SourceMismatch("no Prometheus answers there: see slack.prometheus_url")
    if response.status != 200:
        raise SourceUnavailable(f"Prometheus cannot answer ({response.status})")
    if (response.content_length or 0) > _LARGEST:
        raise SourceMalformed("Prometheus answered more than one number")


def _number(answer: Mapping[str, Any]) -> float:
    try:
        result = answer["data"]["result"]
        value = float(result[0]["value"][1]) if result else 0.0
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise SourceMalformed("Prometheus answered something else than a number") from error
    return value if isfinite(value) else 0.0
