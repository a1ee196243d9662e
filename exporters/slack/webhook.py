"""One post to an incoming webhook: taken, to be tried again, or refused."""

import asyncio
from collections.abc import Mapping
from typing import Self

import aiohttp
from pydantic import SecretStr

from exporters.core.errors import SourceError, SourceRejected, SourceTimeout, SourceUnavailable

DEADLINE = 10.0
"""Seconds for one post."""

_LONGEST_WAIT = 300.0
"""Seconds that a `Retry-After` may ask for: a slip of a proxy must not silence us for a day."""


class RateLimited(SourceError):
    """Slack asked us to come back later (429)."""

    reason = "rate_limited"

    def __init__(self, retry_after: float | None) -> None:
        super().__init__("Slack asks for fewer messages")
        self.retry_after = retry_after
        """Seconds; None where it does not say."""


class Webhook:
    """Posts to one address, which is never shown: not by `repr`, not in an error."""

    def __init__(self, url: SecretStr, deadline: float = DEADLINE) -> None:
        self._url = url
        self._deadline = deadline
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return "Webhook()"

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        return self

    async def __aexit__(self, *_: object) -> None:
        session, self._session = self._session, None
        if session:
            await session.close()

    async def post(self, body: Mapping[str, object]) -> None:
        """Return once Slack took it; raises RateLimited or another SourceError.

        After SourceRejected another try is in vain. After the others Slack may have taken it
        though its answer was lost: whoever tries again may say a thing twice.
        """
        if not self._session:
            raise SourceUnavailable("the Slack client is closed")
        try:
            async with (
                asyncio.timeout(self._deadline),
                self._session.post(
                    self._url.get_secret_value(), json=body, allow_redirects=False
                ) as response,
            ):
                _check(response)
        except TimeoutError:
            raise SourceTimeout(f"Slack did not answer within {self._deadline:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError):
            # Their messages name the address, which is the secret; so no cause is kept.
            raise SourceUnavailable("Slack cannot be reached") from None


def _check(response: aiohttp.ClientResponse) -> None:
    status = response.status
    if status == 429:
        raise RateLimited(_seconds(response.headers.get("Retry-After", "")))
    if status >= 500 or status == 408:
        raise SourceUnavailable(f"Slack cannot take messages now ({status})")
    if status >= 300:
        raise SourceRejected(f"Slack refuses ({status}): is slack.webhook_url still valid?")


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return min(seconds, _LONGEST_WAIT) if seconds >= 0 else None
