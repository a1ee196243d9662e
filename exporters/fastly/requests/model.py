"""A request as a line for Loki: readable, and what it says as structured metadata. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from exporters.loki.model import Pairs

Why = Literal["status", "slow", "sample"]

_LONGEST = 500
"""Characters of a text of the client's."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class RequestLine(NamedTuple):
    """A line and its metadata; `ns` is when the request ended, in nanoseconds since 1970."""

    ns: int
    text: str
    metadata: Pairs


@dataclass(frozen=True, slots=True)
class Told:
    """The lines of a piece of a segment that are told, and how many there was no room for."""

    lines: Sequence[RequestLine] = ()
    left_out: int = 0


class Request(NamedTuple):
    """What is told of a request, by the names of its metadata; empty where it is not known.

    No secret is in anything, and what the client said is `clean`.
    """

    method: str
    path: str
    status: str
    seconds: str
    bytes: str
    http_host: str
    """Not `host`, which is the machine in the labels of the stream."""
    cache: str
    pop: str
    protocol: str
    country: str
    app: str
    referrer: str
    """The host that led here."""
    request_id: str
    error: str
    client_ip: str


def line_of(ns: int, why: Why, request: Request) -> RequestLine:
    """Return the line; the same request makes the same line, to the byte."""
    method, path, status, seconds, _, host, cache, pop, *_ = request
    took = seconds and f"{seconds} s"
    text = " ".join(filter(None, (method, path, status, took, host, cache, pop, request.error)))
    pairs = [pair for pair in zip(Request._fields, request, strict=True) if pair[1]]
    return RequestLine(ns, text, (("level", _level(status, why)), ("why", why), *pairs))


def _level(status: str, why: Why) -> str:
    if status >= "5":
        return "error"
    return "warning" if status >= "4" or why == "slow" else "info"


def clean(text: str | None) -> str:
    """Return a text as one line, and not too long."""
    if not text:
        return ""
    text = text[:_LONGEST]
    # To look is quicker than to replace, and hardly any text has anything of the kind.
    return text if text.isprintable() else _CONTROL.sub(" ", text).strip()
