"""TLS contexts: built from settings, and exchanged under a running listener."""

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from exporters.core.errors import SettingsError
from exporters.core.web.files import read_whole, why
from exporters.core.web.tls import Pem, TlsConfig


class ServedContext(ssl.SSLContext):
    """A context for a listener, which serves each new connection by the newest one in `current`.

    An SSLContext cannot forget a certificate: a renewed one of another kind of key would be
    offered beside the old one. So a fresh context takes the place of the old one. What a
    connection uses is decided when it is accepted, in `wrap_bio`, by asyncio and uvloop alike;
    connections that are open keep theirs. Setting anything else here has no effect.
    """

    def __new__(cls, current: ssl.SSLContext) -> Self:  # noqa: ARG004  __init__ keeps it
        """Make the outer context, which itself never meets a connection."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, current: ssl.SSLContext) -> None:
        self.current = current

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """Begin a connection with the newest context."""
        return self.current.wrap_bio(*args, **kwargs)

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """Begin a connection on a blocking socket with the newest context."""
        return self.current.wrap_socket(*args, **kwargs)


def build_context(config: TlsConfig) -> ssl.SSLContext:
    """Read the certificates and return a context for a server.

    Raises SettingsError with a line for each certificate or key that cannot be used. Text in the
    web configuration is written to a file of mode 0600 for the moment that OpenSSL reads it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = config.min_version
    context.maximum_version = config.max_version
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    problems = [
        *_choose_ciphers(context, config),
        *_load_pair(context, config.cert, config.key),
        *_load_clients(context, config),
    ]
    if problems:
        raise SettingsError(problems)
    return context


def _choose_ciphers(context: ssl.SSLContext, config: TlsConfig) -> list[str]:
    if not config.prefer_server_ciphers:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        if config.ciphers:
            context.set_ciphers(":".join(config.ciphers))
        if config.curve:
            context.set_ecdh_curve(config.curve)
    except (ssl.SSLError, ValueError):
        # An OpenSSL may be built or configured to have less, as under FIPS 140.
        return ["tls_server_config: OpenSSL here has none of these cipher_suites or curves"]
    return []


def _load_pair(context: ssl.SSLContext, cert: Pem, key: Pem) -> list[str]:
    problems = [*_unreadable(cert, b"CERTIFICATE-----"), *_unreadable(key, b"PRIVATE KEY-----")]
    if problems:
        return problems
    try:
        with _as_file(cert) as cert_file, _as_file(key) as key_file:
            # The password is never asked for: that would wait for somebody at a terminal.
            context.load_cert_chain(cert_file, key_file, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return [f"{key.setting}: is not the key of {_name(cert)}"]
        return [f"{cert.setting}: OpenSSL does not take it with its key{_reason(error)}"]
    except OSError as error:
        return [f"{cert.setting}: {why(error)}"]
    return []


def _load_clients(context: ssl.SSLContext, config: TlsConfig) -> list[str]:
    """Verify clients as Go does: any certificate of the file is trusted, root or not."""
    context.verify_mode = config.client_auth
    ca = config.client_ca
    if ca is None:
        return []
    if problems := _unreadable(ca, b"CERTIFICATE-----"):
        return problems
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cadata=_read(ca).decode("ascii", "replace"))
    except (ssl.SSLError, OSError, ValueError) as error:
        return [f"{ca.setting}: holds no certificates that OpenSSL takes{_reason(error)}"]
    return []


def _unreadable(pem: Pem, mark: bytes) -> list[str]:
    """Return what is wrong before OpenSSL, which says little, is asked."""
    try:
        content = _read(pem)
    except OSError as error:
        return [f"{pem.setting}: {why(error)}"]
    if mark not in content:
        return [f"{pem.setting}: has no line with {mark.decode().strip('-')} in PEM"]
    if b"ENCRYPTED" in content:
        return [f"{pem.setting}: needs a password, which nobody can give; store it without one"]
    return []


def _read(pem: Pem) -> bytes:
    return pem.text.encode() if pem.file is None else read_whole(pem.file)


@contextmanager
def _as_file(pem: Pem) -> Iterator[Path]:
    """Give a file with the PEM in it: OpenSSL takes a certificate with its key from files only."""
    if pem.file is not None:
        yield pem.file
        return
    descriptor, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem.text.encode())
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _name(pem: Pem) -> str:
    return pem.setting.rpartition(".")[2]


def _reason(error: Exception) -> str:
    word = getattr(error, "reason", None)
    return f": {word.replace('_', ' ').lower()}" if isinstance(word, str) else ""
