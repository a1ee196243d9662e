"""A request as a line for Loki: readable, and what it says as structured metadata. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from exporters.loki.model import Pairs

Why = Literal["status", "slow", "sample"]

_LONGEST = 500
"""Characters of a text of the client's."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class RequestLine(NamedTuple):
    """A line and its metadata; `ns` is when the request began, in nanoseconds since 1970."""

    ns: int
    text: str
    metadata: Pairs


@dataclass(frozen=True, slots=True)
class Told:
    """The lines of a piece of a segment that are told, and how many there was no room for."""

    lines: Sequence[RequestLine] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """What is told of a request: empty where it is not known, and no secret in anything."""

    ns: int
    method: str
    path: str
    status: int
    seconds: float | None
    sent: int
    host: str
    cache: str
    pop: str
    protocol: str
    country: str
    app: str
    referrer: str
    """The host that led here."""
    request_id: str
    error: str
    why: Why
    client_ip: str = ""


def line_of(request: Request) -> RequestLine:
    """Return the line; the same request makes the same line, to the byte."""
    seconds = "" if request.seconds is None else f"{request.seconds:.3f}"
    words = (
        request.method,
        request.path,
        str(request.status),
        seconds and f"{seconds} s",
        request.host,
        request.cache,
        request.pop,
        request.error,
    )
    pairs = tuple((name, text) for name, value in _said(request, seconds) if (text := clean(value)))
    return RequestLine(request.ns, " ".join(filter(None, map(clean, words))), pairs)


def _said(request: Request, seconds: str) -> Iterator[tuple[str, str]]:
    yield "level", _level(request)
    yield "why", request.why
    yield "method", request.method
    yield "path", request.path
    yield "status", str(request.status)
    yield "seconds", seconds
    yield "bytes", str(request.sent)
    yield "host", request.host
    yield "cache", request.cache
    yield "pop", request.pop
    yield "protocol", request.protocol
    yield "country", request.country
    yield "app", request.app
    yield "referrer", request.referrer
    yield "request_id", request.request_id
    yield "error", request.error
    yield "client_ip", request.client_ip


def _level(request: Request) -> str:
    if request.status >= 500:
        return "error"
    return "warning" if request.status >= 400 or request.why == "slow" else "info"


def clean(text: str) -> str:
    """Return a text of one line, and not too long."""
    return _CONTROL.sub(" ", text).strip()[:_LONGEST]
