"""Log lines of requests, in the format that Nearfield asks Fastly for."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from exporters.embedded.traffic.listeners import Listener

_ENCODER = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for."""

    host: str
    path: str
    method: str = "GET"
    range: str = ""
    referer: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: bytes of the body, seconds from the request to the last byte."""

    status: int
    sent: int
    took: float
    cache: str
    content_range: str = ""
    error: str = ""
    hops: int = 0
    """Nodes of the CDN that the request had passed before this one."""
    inner: bool = False


def line(at: float, listener: Listener, request: Request, answer: Answer, number: int) -> bytes:
    """Return the line of a request that began `at`, in seconds since 1970."""
    began = datetime.fromtimestamp(at, UTC)
    facts = {
        "time": f"{began:%Y-%m-%dT%H:%M:%S}.{began.microsecond // 1000:03}Z",
        "elapsed_us": max(1, int(answer.took * 1e6)),
        "method": request.method,
        "host": request.host,
        "path": request.path,
        "status": answer.status,
        "body_bytes": answer.sent,
        "range": request.range,
        "content_range": answer.content_range,
        "user_agent": listener.agent,
        "referer": request.referer,
        "client_ip": listener.address,
        "country": listener.place.country,
        "continent": listener.place.continent,
        "pop": listener.pop,
        "cache": answer.cache,
        "protocol": listener.protocol,
        "ipv6": listener.is_ipv6,
        "inner": answer.inner,
        "shield": answer.hops,
        "error": answer.error,
        "rtt_us": int(listener.rtt * 1000),
        "retransmits": number % 3 if answer.sent > 1_000_000 and number % 11 == 0 else 0,
        "request_id": str(number),
    }
    return _ENCODER.encode(facts).encode()


def path_of(podcast: str, episode: str) -> str:
    """Return the path of an episode's audio, as the default of `fastly.episode_path` has it."""
    return f"/uploads/{podcast}/{episode}/{podcast}-{episode}.mp3"
