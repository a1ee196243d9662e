"""The `[fastly.realtime]` table of the settings."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, field_validator

from exporters.core.settings import Section, wants

_URL = re.compile(r"https?://[A-Za-z0-9.\-_\[\]:]+(/[A-Za-z0-9.\-_~/]*)?")
_SERVICE = re.compile(r"[A-Za-z0-9_-]{1,100}")


def _http(value: str) -> str:
    if not _URL.fullmatch(value):
        raise wants('an address without credentials, such as "https://rt.fastly.com"')
    return value.rstrip("/")


def _services(ids: tuple[str, ...]) -> tuple[str, ...]:
    if not all(_SERVICE.fullmatch(each) for each in ids):
        raise wants("ids of services, which are letters and digits")
    return tuple(dict.fromkeys(ids))


Url = Annotated[str, AfterValidator(_http)]


class RealtimeSettings(Section):
    """The real-time statistics of the CDN's API."""

    token: SecretStr | None = Field(
        default=None,
        description="API token with read access to statistics; absent: they are not read.",
    )
    service_ids: Annotated[tuple[str, ...], AfterValidator(_services)] = Field(
        default=(), description="Services to read; empty: every one that the token sees."
    )
    url: Url = Field(default="https://rt.fastly.com", description="Base of the real-time API.")
    api_url: Url = Field(
        default="https://api.fastly.com", description="Base of the management API."
    )

    @field_validator("token")
    @classmethod
    def _token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[!-~]{1,1000}", value.get_secret_value()):
            raise wants("one token, on a line of its own")
        return value
