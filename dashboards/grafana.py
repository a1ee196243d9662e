"""Dashboards into a Grafana by its HTTP API: folder first, then each by its uid."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from exporters.core.errors import (
    SettingsError,
    SourceMalformed,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
)

Json = dict[str, Any]
_DEADLINE = aiohttp.ClientTimeout(total=30, sock_connect=10)
_NOT_OURS = ("id", "version")
"""What Grafana numbers itself."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a dashboard, or would: `new`, `changed` or `same`."""

    uid: str
    title: str
    what: str


class Grafana:
    """A Grafana that takes dashboards. Raises SourceError; no message holds the token."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base

    async def push(
        self, dashboards: Sequence[Json], folder: str, title: str, *, dry_run: bool = False
    ) -> list[Change]:
        """Put dashboards into the folder of this uid, which is made where it is not there.

        Returns what changed, or with `dry_run` what would. What is as it should be is left alone.
        """
        known = await self._get(f"/api/folders/{folder}") is not None
        if not known and not dry_run:
            await self._post("/api/folders", {"uid": folder, "title": title})
        changes = []
        for dashboard in dashboards:
            change = await self._compare(dashboard, folder)
            changes.append(change)
            if change.what != "same" and not dry_run:
                await self._post(
                    "/api/dashboards/db",
                    {"dashboard": dashboard, "folderUid": folder, "overwrite": True},
                )
        return changes

    async def _compare(self, dashboard: Json, folder: str) -> Change:
        there = await self._get(f"/api/dashboards/uid/{dashboard['uid']}")
        what = "new"
        if there is not None:
            same = _own(there["dashboard"]) == _own(dashboard)
            what = "same" if same and there["meta"].get("folderUid") == folder else "changed"
        return Change(dashboard["uid"], dashboard["title"], what)

    async def _get(self, path: str) -> Json | None:
        request = self._session.get(self._base + path, allow_redirects=False)
        async with _answer(request) as answer:
            return None if answer.status == 404 else await _json(answer)

    async def _post(self, path: str, body: Json) -> None:
        request = self._session.post(self._base + path, json=body, allow_redirects=False)
        async with _answer(request) as answer:
            if answer.status == 404:
                raise SourceRejected(f"Grafana has no {path}: is its address right?")
            await _json(answer)


@asynccontextmanager
async def grafana(url: str, token: str) -> AsyncIterator[Grafana]:
    """Give the Grafana at this address, asked with a token of a service account."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(["--url: wants an address such as https://grafana.example"])
    if not token.isprintable() or not token:
        raise SettingsError(["--token-file: wants a file with one token in one line"])
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    async with aiohttp.ClientSession(headers=headers, timeout=_DEADLINE) as session:
        yield Grafana(session, url.rstrip("/"))


@asynccontextmanager
async def _answer(
    request: AbstractAsyncContextManager[aiohttp.ClientResponse],
) -> AsyncIterator[aiohttp.ClientResponse]:
    try:
        async with request as answer:
            yield answer
    except TimeoutError as error:
        raise SourceTimeout("Grafana did not answer within 30 s") from error
    except aiohttp.ClientError as error:
        raise SourceUnavailable(f"Grafana cannot be reached: {type(error).__name__}") from error


async def _json(answer: aiohttp.ClientResponse) -> Json:
    if answer.status in {401, 403}:
        raise SourceRejected(
            "Grafana refused the token: it wants a service account that may write dashboards"
        )
    if answer.status != 200:
        raise SourceRejected(f"Grafana answered {answer.status}: {await _reason(answer)}")
    try:
        body = await answer.json()
    except (ValueError, aiohttp.ContentTypeError) as error:
        raise SourceMalformed("what answers is no Grafana: no JSON came back") from error
    if not isinstance(body, dict):
        raise SourceMalformed("what answers is no Grafana: an object was expected")
    return body


async def _reason(answer: aiohttp.ClientResponse) -> str:
    """Return Grafana's word for a refusal, in one short line."""
    try:
        message = (await answer.json(content_type=None))["message"]
    except (ValueError, KeyError, TypeError):
        return answer.reason or "no reason given"
    return " ".join(str(message).split())[:200]


def _own(dashboard: Mapping[str, Any]) -> Json:
    return {key: value for key, value in dashboard.items() if key not in _NOT_OURS}
