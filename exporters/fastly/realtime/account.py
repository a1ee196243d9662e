"""What the account's API tells beside statistics: services, places, certificates, the token."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from exporters.core.errors import SourceMalformed
from exporters.core.exposition import Labels
from exporters.core.snapshot import Sheet
from exporters.fastly.api import FastlyApi, Forbidden
from exporters.fastly.realtime.metrics import CERTIFICATE, DATACENTER, TOKEN
from exporters.fastly.realtime.model import Service

log = logging.getLogger(__name__)
T = TypeVar("T")

_PAGES = 100
"""More pages than any account has."""

_ENTRIES = 200
"""Entries of a page, as many as the API gives of certificates."""


class Account:
    """Reads lists of the account, page by page; no link of an answer is followed."""

    def __init__(self, api: FastlyApi) -> None:
        self._api = api
        self._silent: set[str] = set()

    async def services(self) -> tuple[Service, ...]:
        """Return every service that the token sees. Raises SourceError."""
        found: list[Service] = []
        for page in range(1, _PAGES + 1):
            query = {"page": str(page), "per_page": str(_ENTRIES)}
            answer = await self._api.get("/service", query)
            found += _parsed(answer.body, lambda body: [_service(each) for each in body])
            if not answer.more:
                break
        return tuple(found)

    async def places(self) -> Sheet:
        """Return the rows of every place of the CDN. Raises SourceError."""
        body = (await self._api.get("/datacenters")).body
        return {DATACENTER: _parsed(body, lambda body: [(_place(each), 1.0) for each in body])}

    async def certificates(self) -> Sheet:
        """Return the rows of every certificate; none where the token may not see them."""
        return {CERTIFICATE: await self._allowed("TLS certificates", self._certificates)}

    async def token(self) -> Sheet:
        """Return the row of the token; none where it never expires or may not see itself."""
        return {TOKEN: await self._allowed("itself", self._token)}

    async def _certificates(self) -> list[tuple[Labels, float]]:
        rows: list[tuple[Labels, float]] = []
        for page in range(1, _PAGES + 1):
            query = {"page[number]": str(page), "page[size]": str(_ENTRIES)}
            body = (await self._api.get("/tls/certificates", query)).body
            rows += _parsed(body, lambda body: [_certificate(each) for each in body["data"]])
            if not _parsed(body, lambda body: (body.get("links") or {}).get("next")):
                break
        return rows

    async def _token(self) -> list[tuple[Labels, float]]:
        body = (await self._api.get("/tokens/self")).body
        return _parsed(body, _expiry)

    async def _allowed(
        self, what: str, read: Callable[[], Awaitable[list[tuple[Labels, float]]]]
    ) -> list[tuple[Labels, float]]:
        """Read what a token need not be allowed to see: nothing then, which is said once."""
        try:
            return await read()
        except Forbidden:
            if what not in self._silent:
                self._silent.add(what)
                log.info("the token of fastly.realtime may not see %s", what)
            return []


def _parsed(body: Any, parse: Callable[[Any], T]) -> T:
    try:
        return parse(body)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise SourceMalformed("Fastly's API answered something else than it promises") from error


def _service(entry: Mapping[str, Any]) -> Service:
    version = entry.get("version")
    return Service(str(entry["id"]), str(entry.get("name") or entry["id"]), str(version or ""))


def _place(entry: Mapping[str, Any]) -> Labels:
    at = entry.get("coordinates") or {}
    return (
        str(entry["code"]),
        str(entry.get("name") or ""),
        str(entry.get("group") or ""),
        _degrees(at.get("latitude")),
        _degrees(at.get("longitude")),
    )


def _degrees(value: Any) -> str:
    return "" if value is None else f"{float(value):g}"


def _certificate(entry: Mapping[str, Any]) -> tuple[Labels, float]:
    found = entry["attributes"]
    labels = (
        str(found.get("issued_to") or ""),
        str(found.get("name") or ""),
        str(entry["id"]),
        str(found.get("issuer") or ""),
        _hexadecimal(str(found.get("serial_number") or "")),
    )
    return labels, _moment(found["not_after"])


def _hexadecimal(serial: str) -> str:
    """A serial number as certificates are shown with it."""
    return f"{int(serial):X}" if serial.isascii() and serial.isdigit() else serial


def _expiry(body: Mapping[str, Any]) -> list[tuple[Labels, float]]:
    expires = body["expires_at"]
    labels = (str(body["id"]), str(body.get("user_id") or ""))
    return [(labels, _moment(expires))] if expires else []


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
