"""The guard before an aiohttp application: rate limit, client certificates, passwords, headers."""

import base64
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler

from exporters.core.web.config import RateLimit
from exporters.core.web.live import LiveConfig
from exporters.core.web.passwords import PasswordChecker, Verdict

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="nearfield", charset="UTF-8"'}
_AGAIN = {"Retry-After": "1"}


class Guard:
    """Lets those requests through that the newest web configuration allows.

    Everything is guarded, as exporter-toolkit does it, save `open_paths`, which need neither a
    password nor a place under the rate limit. That limit is upstream's: one for all clients. It
    answers 429; a client certificate that is not allowed, 403; credentials that are missing or
    wrong, 401; more password checks than one client, or all of them, may have, 429 and 503.
    """

    def __init__(
        self,
        live: LiveConfig,
        *,
        open_paths: Collection[str] = (),
        passwords: PasswordChecker | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live = live
        self._open_paths = frozenset(open_paths)
        self._passwords = passwords or PasswordChecker()
        self._clock = clock
        self._bucket: TokenBucket | None = None

    def install(self, app: web.Application) -> None:
        """Stand before every other middleware of `app`, and live as long as it does."""

        @web.middleware
        async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._refusal(request) or await handler(request)

        app.middlewares.insert(0, admit)
        app.on_response_prepare.append(self._add_headers)
        app.cleanup_ctx.append(self._opened)

    async def _opened(self, _: web.Application) -> AsyncIterator[None]:
        with self._passwords:
            yield

    async def _add_headers(self, _: web.Request, response: web.StreamResponse) -> None:
        for name, value in self._live.config.headers.items():
            response.headers.setdefault(name, value)

    async def _refusal(self, request: web.Request) -> web.Response | None:
        if request.path in self._open_paths:
            return None
        config = self._live.config  # once: another thread exchanges it
        if not self._has_token(config.rate_limit):
            return _answer(web.HTTPTooManyRequests.status_code, "too many requests", _AGAIN)
        if config.tls and not config.tls.admits(request.get_extra_info("peercert")):
            return _answer(web.HTTPForbidden.status_code, "client certificate not allowed")
        return await self._unknown_user(request, config.users) if config.users else None

    def _has_token(self, limit: RateLimit | None) -> bool:
        if limit is None:
            self._bucket = None
            return True
        if self._bucket is None or self._bucket.limit != limit:
            self._bucket = TokenBucket(limit, self._clock)
        return self._bucket.take()

    async def _unknown_user(
        self, request: web.Request, users: Mapping[bytes, bytes]
    ) -> web.Response | None:
        sent = Credentials.from_header(request.headers.get("Authorization", ""))
        verdict = Verdict.REFUSED
        if sent:
            verdict = await self._passwords.verdict(
                users, sent.user, sent.password, request.remote or ""
            )
        match verdict:
            case Verdict.ALLOWED:
                return None
            case Verdict.REFUSED:
                return _answer(401, "wrong name or password", _CHALLENGE)
            case Verdict.CROWDED:
                return _answer(429, "too many passwords to check", _AGAIN)
            case Verdict.BUSY:
                return _answer(503, "too many passwords to check", _AGAIN)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A name and a password, as bytes: whatever a client sends."""

    user: bytes
    password: bytes = field(repr=False)

    @classmethod
    def from_header(cls, header: str) -> Self | None:
        """Return what an `Authorization` header of the scheme Basic holds (RFC 7617), or None."""
        scheme, _, encoded = header.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            decoded = base64.b64decode(encoded.strip(), validate=True)
        except ValueError:
            return None
        user, colon, password = decoded.partition(b":")
        return cls(user, password) if colon else None


class TokenBucket:
    """Holds up to `burst` tokens, full at first; one comes in every `interval` seconds."""

    def __init__(self, limit: RateLimit, clock: Callable[[], float]) -> None:
        self.limit = limit
        self._clock = clock
        self._tokens = float(limit.burst)
        self._at = clock()

    def take(self) -> bool:
        """Take a token, if one is there."""
        now = self._clock()
        gained = (now - self._at) / self.limit.interval
        self._tokens = min(self._tokens + gained, float(self.limit.burst))
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def _answer(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=text + "\n", headers=headers)
