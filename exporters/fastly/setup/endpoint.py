"""What Fastly's HTTPS log endpoint has to be told, as its API names it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import SecretStr

from exporters.core.errors import SettingsError
from exporters.fastly.formats import log_format

PATH = "/ingest/fastly"
NAME = "Nearfield"

_AUTHORIZATION = "Authorization"

FIXED: Mapping[str, str] = {
    "method": "POST",
    "content_type": "application/x-ndjson",
    "message_type": "blank",
    "json_format": "2",
    "format_version": "2",
    "format": log_format(),
    # As many lines as Fastly likes, in 10 MB at most: its own 100 MB may be more than we take.
    "request_max_entries": "0",
    "request_max_bytes": "10000000",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The log endpoint that a service shall have."""

    name: str
    url: str
    header_name: str
    header_value: SecretStr = field(repr=False)

    def form(self) -> dict[str, str]:
        """Return every field with its value; the secret is among them."""
        return {
            "name": self.name,
            "url": self.url,
            "header_name": self.header_name,
            "header_value": self.header_value.get_secret_value(),
            **FIXED,
        }

    def differs(self, found: Mapping[str, object]) -> tuple[str, ...]:
        """Return the names of the fields that an endpoint of the API has otherwise.

        The API writes numbers as text or not, and nothing as `null` or as empty text.
        """
        return tuple(name for name, value in self.form().items() if _text(found.get(name)) != value)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def header_value(header: str, token: str) -> str:
    """Return what the header of a batch holds: the receiver reads it so."""
    return f"Bearer {token}" if header.lower() == _AUTHORIZATION.lower() else token


def receiver_url(text: str) -> str:
    """Return the address of the receiver for one that may lack its path. Raises SettingsError."""
    try:
        parts = urlsplit(text)
        right = parts.scheme == "https" and parts.hostname and not parts.username
        _ = parts.port
    except ValueError:
        right = False
    if not right or not text.isprintable() or " " in text or parts.query or parts.fragment:
        raise SettingsError(
            [f"--url: wants the address of your receiver, https://logs.example.com{PATH}"]
        )
    return text if parts.path.strip("/") else text.rstrip("/") + PATH


def to_paste(header: str) -> dict[str, str]:
    """Return the fields as somebody pastes them; what is theirs to fill in is in capitals."""
    value = header_value(header, "A-TOKEN-OF-fastly.token_file")
    return Endpoint(NAME, f"https://YOUR-RECEIVER{PATH}", header, SecretStr(value)).form()
