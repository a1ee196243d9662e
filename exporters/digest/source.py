"""What Prometheus remembers of the outages of a week."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
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
from exporters.digest.model import Outages

_DEADLINE = 10.0
_LARGEST = 1 << 20

# Alerts that listeners feel, by the labels that alerts/rules give them.
_FIRING = 'ALERTS{alertstate="firing", severity="critical", area=~"audience|cdn|database|outside"}'

# Minutes in which one of a name fired, however many: down over both protocols is one outage.
_MINUTES = f"sum_over_time((count by (alertname) ({_FIRING}) > bool 0)[7d:1m])"

# What each hour lacked, where something fired: at twelve looks an hour each counts a twelfth.
_LOST = (
    f"sum(sum_over_time((podcast:podcast_downloads:lost1h and on () count({_FIRING}))[7d:5m])) / 12"
)


# Whether our rules were asked at all: without them there is no outage, and none is not the truth.
_WATCHED = 'count(present_over_time(ALERTS{alertname="Watchdog"}[7d]))'


class History:
    """Asks one Prometheus; opened and closed with the process."""

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

    async def outages(self, end: datetime) -> Outages | None:
        """Return the outages of the seven days before `end`; None where nobody looked.

        Raises SourceError.
        """
        if not await self._ask(_WATCHED, end):
            return None
        minutes = await self._ask(_MINUTES, end)
        lost = await self._ask(_LOST, end)
        return Outages(minutes, sum(lost.values()))

    async def _ask(self, query: str, at: datetime) -> dict[str, float]:
        """Return the values of a query by the label alertname, empty where there is none."""
        if not self._session:
            raise SourceUnavailable("the Prometheus client is closed")
        form = {"query": query, "time": f"{at.timestamp():.3f}", "timeout": f"{_DEADLINE:g}s"}
        try:
            async with (
                asyncio.timeout(_DEADLINE),
                self._session.post(
                    f"{self._url}/api/v1/query", data=form, allow_redirects=False
                ) as response,
            ):
                _check(response)
                return _values(await response.json(content_type=None))
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
        raise SourceMalformed("Prometheus answered more than was asked for")


def _values(answer: Mapping[str, Any]) -> dict[str, float]:
    try:
        found = {
            str(each["metric"].get("alertname", "")): float(each["value"][1])
            for each in answer["data"]["result"]
        }
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise SourceMalformed("Prometheus answered something else than numbers") from error
    return {name: value for name, value in found.items() if isfinite(value)}
