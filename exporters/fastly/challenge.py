"""The ownership challenge: which services of the CDN may send their logs here."""

import hashlib
import re
from collections.abc import Iterable

PATH = "/.well-known/fastly/logging/challenge"
ANY = "*"

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def answer(service_ids: Iterable[str]) -> str:
    """Return a line for each service: the lower-case hex SHA-256 of its id, or `*` for any.

    An id that is a SHA-256 itself is taken as one, for those who keep their ids to themselves.
    """
    lines = (_line(service.strip()) for service in service_ids)
    return "".join(f"{line}\n" for line in dict.fromkeys(lines))


def _line(service: str) -> str:
    if service == ANY:
        return ANY
    if _SHA256.fullmatch(service):
        return service.lower()
    return hashlib.sha256(service.encode()).hexdigest()
