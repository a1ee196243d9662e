"""The versions of a service in Fastly's API: look, clone, write, validate, activate."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from exporters.core.errors import SourceMalformed
from exporters.fastly.api import FastlyApi, RateLimited

T = TypeVar("T")

_TRIES = 3
_PATIENCE = 30.0
"""Seconds that we wait for Fastly to take requests again; longer is the user's to wait."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a service."""

    number: int
    active: bool
    locked: bool
    comment: str


class Versions:
    """What is asked of one service. All of it raises SourceError."""

    def __init__(
        self,
        api: FastlyApi,
        service: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._api = api
        self._path = f"/service/{quote(service, safe='')}/version"
        self._sleep = sleep

    async def all(self) -> tuple[Version, ...]:
        """Return every version, in their order."""
        body = await self._ask("GET", self._path)
        found = _parsed(body, lambda body: [_version(each) for each in body])
        return tuple(sorted(found, key=lambda version: version.number))

    async def endpoints(self, number: int) -> Sequence[Mapping[str, Any]]:
        """Return the HTTPS log endpoints of a version, as the API has them."""
        body = await self._ask("GET", f"{self._path}/{number}/logging/https")
        return _parsed(body, lambda body: [dict(each) for each in body])

    async def clone(self, number: int, comment: str) -> int:
        """Return the number of a new version like this one, with a comment of its own."""
        body = await self._ask("PUT", f"{self._path}/{number}/clone")
        new: int = _parsed(body, lambda body: int(body["number"]))
        await self._ask("PUT", f"{self._path}/{new}", {"comment": comment})
        return new

    async def create(self, number: int, form: Mapping[str, str]) -> None:
        """Add an endpoint to a version that is not locked."""
        await self._ask("POST", f"{self._path}/{number}/logging/https", form)

    async def update(self, number: int, form: Mapping[str, str]) -> None:
        """Change the endpoint of this name in a version that is not locked."""
        name = quote(form["name"], safe="")
        await self._ask("PUT", f"{self._path}/{number}/logging/https/{name}", form)

    async def validate(self, number: int) -> str:
        """Return what is wrong with a version, on one line; empty where nothing is."""
        body = await self._ask("GET", f"{self._path}/{number}/validate")
        return self._api.masked(_parsed(body, _problem))

    async def activate(self, number: int) -> None:
        """Have a version serve; it is locked from then on."""
        await self._ask("PUT", f"{self._path}/{number}/activate")

    async def _ask(self, method: str, path: str, form: Mapping[str, str] | None = None) -> Any:
        """Return an answer; a request that was not taken for being too many is tried again."""
        for left in reversed(range(_TRIES)):
            try:
                if method == "GET":
                    return (await self._api.get(path)).body
                return (await self._api.send(method, path, form)).body
            except RateLimited as error:
                wait = 1.0 if error.retry_after is None else error.retry_after
                if not left or wait > _PATIENCE:
                    raise
            await self._sleep(wait)
        raise AssertionError("the last try returns or raises")


def _parsed(body: Any, parse: Callable[[Any], T]) -> T:
    try:
        return parse(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SourceMalformed("Fastly's API answered something else than it promises") from error


def _version(entry: Mapping[str, Any]) -> Version:
    return Version(
        int(entry["number"]),
        bool(entry["active"]),
        bool(entry["locked"]),
        str(entry.get("comment") or ""),
    )


def _problem(body: Mapping[str, Any]) -> str:
    if body["status"] == "ok":
        return ""
    errors = [str(each) for each in body.get("errors") or ()]
    text = "; ".join(errors) or str(body.get("msg") or "it does not say why")
    return " ".join(text.split())[:500]
