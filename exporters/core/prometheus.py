"""Numbers from the HTTP API of the Prometheus that scrapes us."""

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
    """Asks one Prometheus; opened and closed with the process.

    `setting` is what its address is set by: errors send people there.
    """

    def __init__(self, url: str, setting: str = "slack.prometheus_url") -> None:
        self._url = url
        self._setting = setting
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        session, self._session = self._session, None
        if session:
            await session.close()

    async def number(self, query: str, at: float) -> float:
        """Return the value of a query at a Unix time; 0 where it has none. Raises SourceError."""
        return next(iter((await self.by_label(query, at, "")).values()), 0.0)

    async def by_label(self, query: str, at: float, label: str) -> dict[str, float]:
        """Return the values of a query by a label, finite ones. Raises SourceError."""
        if not self._session:
            raise SourceUnavailable("the Prometheus client is closed")
        form = {"query": query, "time": f"{at:.3f}", "timeout": f"{_DEADLINE:g}s"}
        url = f"{self._url}/api/v1/query"
        try:
            async with (
                asyncio.timeout(_DEADLINE),
                self._session.post(url, data=form, allow_redirects=False) as response,
            ):
                self._check(response)
                return _values(await response.json(content_type=None), label)
        except TimeoutError as error:
            raise SourceTimeout(f"Prometheus did not answer within {_DEADLINE:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise SourceUnavailable(f"no Prometheus answers: see {self._setting}") from error
        except (ValueError, RecursionError) as error:
            raise SourceMalformed("Prometheus answered something that is no JSON") from error

    def _check(self, response: aiohttp.ClientResponse) -> None:
        if response.status in {401, 403}:
            raise SourceRejected(f"Prometheus refuses: see {self._setting}")
        if response.status in {400, 404, 405, 422}:
            raise SourceMismatch(f"no Prometheus answers there: see {self._setting}")
        if response.status != 200:
            raise SourceUnavailable(f"Prometheus cannot answer ({response.status})")
        if (response.content_length or 0) > _LARGEST:
            raise SourceMalformed("Prometheus answered more than was asked for")


def _values(answer: Mapping[str, Any], label: str) -> dict[str, float]:
    try:
        found = {
            str(each["metric"].get(label, "")): float(each["value"][1])
            for each in answer["data"]["result"]
        }
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise SourceMalformed("Prometheus answered something else than numbers") from error
    return {name: value for name, value in found.items() if isfinite(value)}
