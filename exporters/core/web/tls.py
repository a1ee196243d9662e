"""The `tls_server_config` of a web configuration: what of Go's TLS Python's `ssl` can do.

- `cert_file` or `cert`, `key_file` or `key`: as upstream, but not both forms of one.
- `client_ca_file` or `client_ca`: as upstream; needed wherever certificates are verified, since
  what Go does without it, trust every public authority, lets anybody in.
- `client_auth_type`: `RequestClientCert` acts as `NoClientCert`, for what it asks for is never
  looked at. `RequireAnyClientCert` is refused: `ssl` verifies whatever it asks for.
- `client_allowed_sans`: exact matches, with `RequireAndVerifyClientCert` only. Who has no such
  name is answered 403; upstream ends the connection.
- `min_version`, `max_version`: `TLS12` or `TLS13`. The older ones are retired (RFC 8996), and
  OpenSSL 3 speaks them only with its checks of keys and signatures switched off too: refused.
- `cipher_suites`: those that Go holds secure. Suites of TLS 1.3 cannot be chosen, as in Go; where
  only such are listed, TLS 1.3 is required.
- `prefer_server_cipher_suites`: honoured. Go has ignored it since 1.17.
- `curve_preferences`: one curve, for `ssl` takes no list.
"""

import ipaddress
import ssl
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from exporters.core.web.fields import Fields, shown

SETTINGS = (
    "cert",
    "cert_file",
    "key",
    "key_file",
    "client_ca",
    "client_ca_file",
    "client_auth_type",
    "client_allowed_sans",
    "min_version",
    "max_version",
    "cipher_suites",
    "prefer_server_cipher_suites",
    "curve_preferences",
)
_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "RequestClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_UNVERIFIED = ("RequireAnyClientCert", "RequireClientCert")
_RETIRED = ("TLS10", "TLS11")
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_TLS13_SUITES = frozenset(
    ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
)
_SUITES = {
    f"TLS_ECDHE_{key}_WITH_{name}": f"ECDHE-{key}-{cipher}"
    for key in ("ECDSA", "RSA")
    for name, cipher in (
        ("AES_128_GCM_SHA256", "AES128-GCM-SHA256"),
        ("AES_256_GCM_SHA384", "AES256-GCM-SHA384"),
        ("CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305"),
        ("AES_128_CBC_SHA", "AES128-SHA"),
        ("AES_256_CBC_SHA", "AES256-SHA"),
    )
}
_CURVES = {
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
    "X25519": "X25519",
}


@dataclass(frozen=True, slots=True)
class Pem:
    """A certificate or key: in a file, or as text in the web configuration itself."""

    setting: str
    """Which setting gave it, to name in a problem."""
    file: Path | None = None
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """What a TLS server needs to know; `ciphers` and `curve` are OpenSSL's names."""

    cert: Pem
    key: Pem
    client_ca: Pem | None = None
    client_auth: ssl.VerifyMode = ssl.CERT_NONE
    allowed_sans: frozenset[str] = frozenset()
    min_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    max_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ciphers: tuple[str, ...] = ()
    prefer_server_ciphers: bool = True
    curve: str = ""

    def admits(self, certificate: dict[str, Any] | None) -> bool:
        """Whether the client that showed this certificate (`getpeercert()`) may ask for a page.

        The handshake has verified it. Asked again at each request, so that a connection from
        before a change of the settings gains nothing.
        """
        if self.client_auth is not ssl.CERT_REQUIRED:
            return True
        if not certificate:
            return False
        names = alternative_names(certificate)
        return not self.allowed_sans or not self.allowed_sans.isdisjoint(names)


def parse_tls(fields: Fields, folder: Path) -> TlsConfig | None:
    """Return the TLS settings, or None where there are none or they name no certificate.

    Relative paths start at `folder`. A section that has anything in it must name a certificate:
    upstream would serve in plain text then, without a word.
    """
    cert, key = _pem(fields, "cert", folder), _pem(fields, "key", folder)
    client_ca = _pem(fields, "client_ca", folder)
    client_auth = _client_auth(fields, client_ca)
    ciphers, lowest, highest = _protocol(fields)
    sans = _allowed_sans(fields, client_auth)
    prefer = fields.flag("prefer_server_cipher_suites", default=True)
    curve = _curve(fields)
    for name, pem in (("cert_file", cert), ("key_file", key)):
        if pem is None and any(fields):
            fields.wrong(name, "is missing; TLS needs a certificate and its key")
    if cert is None or key is None:
        return None
    return TlsConfig(
        cert, key, client_ca, client_auth, sans, lowest, highest, ciphers, prefer, curve
    )


def alternative_names(certificate: dict[str, Any]) -> frozenset[str]:
    """Return the names, addresses and URIs of a certificate as `getpeercert()` gives it."""
    kinds = {"DNS", "email", "URI", "IP Address"}
    names = certificate.get("subjectAltName", ())
    return frozenset(_canonical(value) for kind, value in names if kind in kinds)


def _canonical(name: str) -> str:
    """Return an address as Python spells it, since OpenSSL spells IPv6 otherwise; or the name."""
    try:
        return str(ipaddress.ip_address(name.strip()))
    except ValueError:
        return name


def _pem(fields: Fields, name: str, folder: Path) -> Pem | None:
    text, file = fields.text(name), fields.text(f"{name}_file")
    if text and file:
        fields.wrong(name, f"is there beside {name}_file; give one of them")
    if file:
        return Pem(f"tls_server_config.{name}_file", file=folder / file)
    return Pem(f"tls_server_config.{name}", text=text) if text else None


def _client_auth(fields: Fields, client_ca: Pem | None) -> ssl.VerifyMode:
    name = fields.text("client_auth_type")
    if name in _UNVERIFIED:
        fields.wrong(
            "client_auth_type",
            f"{name} asks for certificates and verifies none, which Python cannot;"
            " use RequireAndVerifyClientCert with a client_ca_file",
        )
        return ssl.CERT_REQUIRED
    mode = fields.choice("client_auth_type", _CLIENT_AUTH, ssl.CERT_NONE)
    if mode is not ssl.CERT_NONE and client_ca is None:
        fields.wrong("client_ca_file", f"is missing; {name} needs it")
    if client_ca is not None and name in {"", "NoClientCert"}:
        fields.wrong("client_auth_type", "wants RequireAndVerifyClientCert beside a client CA")
    return mode


def _allowed_sans(fields: Fields, client_auth: ssl.VerifyMode) -> frozenset[str]:
    names = fields.texts("client_allowed_sans")
    if names and client_auth is not ssl.CERT_REQUIRED:
        fields.wrong("client_allowed_sans", "needs client_auth_type RequireAndVerifyClientCert")
    return frozenset(_canonical(name) for name in names)


def _protocol(fields: Fields) -> tuple[tuple[str, ...], ssl.TLSVersion, ssl.TLSVersion]:
    """Return the ciphers of TLS 1.2, the lowest and the highest version."""
    lowest = _version(fields, "min_version", ssl.TLSVersion.TLSv1_2)
    highest = _version(fields, "max_version", ssl.TLSVersion.TLSv1_3)
    if lowest > highest:
        fields.wrong("min_version", "is newer than max_version")
    suites = fields.texts("cipher_suites")
    for suite in suites:
        if suite not in _SUITES and suite not in _TLS13_SUITES:
            fields.wrong("cipher_suites", _unknown_suite(suite))
    ciphers = tuple(_SUITES[suite] for suite in suites if suite in _SUITES)
    if not suites or ciphers:
        return ciphers, lowest, highest
    if highest < ssl.TLSVersion.TLSv1_3:
        fields.wrong("cipher_suites", "has none for TLS12, the max_version")
    return ciphers, ssl.TLSVersion.TLSv1_3, highest


def _unknown_suite(suite: str) -> str:
    nearest = get_close_matches(suite, [*_SUITES, *_TLS13_SUITES], n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return f"{shown(suite)} is not among the suites that Go holds secure{hint}"


def _version(fields: Fields, name: str, default: ssl.TLSVersion) -> ssl.TLSVersion:
    if fields.text(name) in _RETIRED:
        fields.wrong(name, "that version is retired (RFC 8996), and not spoken; TLS12 is")
        return default
    return fields.choice(name, _VERSIONS, default)


def _curve(fields: Fields) -> str:
    names = fields.texts("curve_preferences")
    if len(names) > 1:
        fields.wrong("curve_preferences", "Python takes one curve only; keep the first, or none")
    for name in names:
        if name not in _CURVES:
            fields.wrong("curve_preferences", f"wants one of {', '.join(_CURVES)}")
    return _CURVES.get(names[0], "") if names else ""
