"""What guards a listener, read from a web configuration in the format of exporter-toolkit.

`tls_server_config`, `http_server_config`, `basic_auth_users` and `rate_limit`, as Prometheus and
its exporters take them. `http2` is read and has no effect: this server speaks HTTP/1.1, which
every client of HTTP/2 speaks too. How TLS differs from Go's is told in `tls.py`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from exporters.core.errors import SettingsError
from exporters.core.web import tls
from exporters.core.web.fields import Fields, read_yaml
from exporters.core.web.tls import TlsConfig, parse_tls

LARGEST_COST = 15
"""A check of this cost takes 2 seconds of a core, of the next one 4, and cannot be broken off."""

_SETTINGS = ("tls_server_config", "http_server_config", "basic_auth_users", "rate_limit")
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "Content-Security-Policy": (),
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
}
# Salt and digest end in letters that carry 2 and 4 bits: others are typing errors.
_BCRYPT = re.compile(
    r"\$2[abxy]\$(?P<cost>0[4-9]|[12]\d|3[01])\$"
    r"[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]",
    re.ASCII,
)
_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_DURATION_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h)", re.ASCII)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A bucket of `burst` requests, to which one is added every `interval` seconds."""

    interval: float
    burst: int


@dataclass(frozen=True, slots=True)
class WebConfig:
    """What a listener asks of its clients and adds to its answers. Without a file: nothing."""

    tls: TlsConfig | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)
    """Name to bcrypt hash; no users, no passwords."""
    rate_limit: RateLimit | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The certificates and keys that it names."""
        if self.tls is None:
            return ()
        pems = (self.tls.cert, self.tls.key, self.tls.client_ca)
        return tuple(pem.file for pem in pems if pem is not None and pem.file is not None)


def parse(text: bytes, folder: Path) -> WebConfig:
    """Return the configuration in `text`; relative paths in it start at `folder`.

    Raises SettingsError with every problem. Reads no file but the text.
    """
    config, problems = parse_all(text, folder)
    if problems:
        raise SettingsError(problems)
    return config


def parse_all(text: bytes, folder: Path) -> tuple[WebConfig, list[str]]:
    """Return what could be read, and what is wrong with the rest, a line each."""
    problems: list[str] = []
    fields = Fields(read_yaml(text, problems), "", problems, _SETTINGS)
    config = WebConfig(
        tls=parse_tls(fields.section("tls_server_config", tls.SETTINGS), folder),
        headers=_headers(fields.section("http_server_config", ("http2", "headers"))),
        users=_users(fields.section("basic_auth_users")),
        rate_limit=_rate_limit(fields.section("rate_limit", ("interval", "burst"))),
    )
    return config, problems


def _headers(http: Fields) -> Mapping[str, str]:
    http.flag("http2", default=True)
    fields = http.section("headers", _HEADERS)
    headers = {name: fields.text(name) for name in fields if name in _HEADERS}
    for name, value in headers.items():
        # What is not plain ASCII would end the header, or be read otherwise by each browser.
        if not (value.isascii() and value.isprintable()):
            fields.wrong(name, "wants printable ASCII in one line")
        if value and _HEADERS[name] and value not in _HEADERS[name]:
            fields.wrong(name, f"wants {' or '.join(_HEADERS[name])}")
    return MappingProxyType({name: value for name, value in headers.items() if value})


def _users(fields: Fields) -> Mapping[bytes, bytes]:
    users = {}
    for name in fields:
        secret = fields.text(name)
        match = _BCRYPT.fullmatch(secret)
        if ":" in name:
            fields.wrong(name, "no client can send a name with a colon in it")
        if match is None:
            fields.wrong(name, "wants a bcrypt hash, as `htpasswd -nBC 10 NAME` prints it")
        elif int(match["cost"]) > LARGEST_COST:
            fields.wrong(name, f"wants a bcrypt cost of at most {LARGEST_COST}; 10 is usual")
        users[name.encode(errors="replace")] = secret.encode()
    return MappingProxyType(users)


def _rate_limit(fields: Fields) -> RateLimit | None:
    interval = _seconds(fields)
    burst = fields.text("burst")
    if not re.fullmatch(r"\d{1,9}", burst or "0", re.ASCII):
        fields.wrong("burst", "wants a whole number of requests")
    elif interval and not int(burst or 0):
        fields.wrong("burst", "wants at least 1: with 0 nothing would ever be answered")
    elif interval:
        return RateLimit(interval, int(burst))
    return None


def _seconds(fields: Fields) -> float:
    """Return the interval, written as Go writes durations; 0 where there is no limit."""
    text = fields.text("interval")
    parts = _DURATION_PART.findall(text)
    if text not in {"", "0"} and "".join(number + unit for number, unit in parts) != text:
        fields.wrong("interval", 'wants a duration with its unit, such as "1s" or "50ms"')
    return sum(float(number) * _NANOSECONDS[unit] for number, unit in parts) / 10**9
