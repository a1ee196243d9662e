"""What a log format is: the facts of a request that we understand, and their names in it."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

FIELDS: Mapping[str, str] = {
    "time": "when the request began: RFC 3339, seconds since 1970 (milliseconds, microseconds),"
    " or as in Apache's logs",
    "elapsed_us": "how long it took, in microseconds",
    "elapsed_ms": "the same in milliseconds",
    "elapsed_s": "the same in seconds",
    "method": "GET, HEAD, …; a format that has none is taken for GET",
    "host": "the host that was asked for",
    "path": "path of the URL; a query, a scheme and a host before it are cut off",
    "status": "the answer's status",
    "body_bytes": "bytes of the body that were sent",
    "range": "the request's Range header; empty where it had none",
    "content_range": "the answer's Content-Range header; empty where it had none",
    "user_agent": "the request's User-Agent header",
    "referer": "the request's Referer header",
    "client_ip": "the listener's address",
    "country": "where the address is: ISO code or English name",
    "country_name": "English name, where `country` has none",
    "continent": "two letters: AF AN AS EU NA OC SA",
    "pop": "the place of the CDN that answered, or the name of its node",
    "cache": "what its cache did: HIT, MISS-CLUSTER, …",
    "protocol": "HTTP/1.1, HTTP/2, …",
    "http2": "whether it was HTTP/2, where `protocol` does not say",
    "ipv6": "whether it came over IPv6",
    "inner": "whether this is a segment of a segmented object, asked for by the CDN itself",
    "shield": "how many nodes of the CDN the request had passed before; 0 at the edge",
    "edge": "whether this node was the edge, where `shield` is not known",
    "error": "what went wrong, in the CDN's words",
    "rtt_us": "round-trip time to the client, in microseconds",
    "retransmits": "packets sent again to the client while it was answered",
    "request_id": "an id of the request",
}
"""The facts that a format can have, and what they mean. Keys are the names in our own format."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format of log lines: JSON objects, or CSV as Fastly's older endpoints write it."""

    name: str
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each of FIELDS the keys of the JSON object that may hold it, the first one present is
    taken; a dot leads into an object. Empty for a format that is not JSON."""
    csv: bool = False
    """Whether a line may also be CSV."""
    members: tuple["Format", ...] = ()
    """What it is merged of."""

    def without(self, facts: Collection[str]) -> "Format":
        """Return the format of which these facts are not read."""
        keys = {fact: keys for fact, keys in self.keys.items() if fact not in facts}
        members = tuple(member.without(facts) for member in self.members)
        return replace(self, keys=keys, members=members)

    def of(self, line: bytes) -> "Format":
        """Return the member that the JSON object in `line` is of, or itself.

        What a member does not understand is rejected by it: it lacks time, path or status.
        """
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            return self
        return next((member for member in self.members if member.fits(found)), self)

    def fits(self, found: object) -> bool:
        """Return whether an object has what every line must have."""
        return all(
            any(_has(found, key) for key in self.keys.get(fact, ()))
            for fact in ("time", "path", "status")
        )


def merged(name: str, formats: Iterable[Format]) -> Format:
    """Return the format of a log that mixes lines of several; earlier ones win where keys clash."""
    formats = tuple(formats)
    keys = {
        fact: tuple(dict.fromkeys(key for one in formats for key in one.keys.get(fact, ())))
        for fact in FIELDS
    }
    keys = {fact: found for fact, found in keys.items() if found}
    return Format(name, keys, any(one.csv for one in formats), formats)


def _has(found: object, key: str) -> bool:
    for part in key.split("."):
        if not isinstance(found, dict) or part not in found:
            return False
        found = found[part]
    return True
