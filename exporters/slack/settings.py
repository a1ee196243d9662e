"""The `[slack]` table of the settings."""

import re
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    InstanceOf,
    SecretStr,
    field_validator,
)

from exporters.core.settings import Section, wants

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEKLY = re.compile(r"([A-Z][a-z]{2}) ([01]\d|2[0-3]):([0-5]\d)")
_URL = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+(/[!-~]*)?")


@dataclass(frozen=True, slots=True)
class Weekly:
    """A moment of each week: `weekday` counts from Monday, 0, as `date.weekday()` does."""

    weekday: int
    hour: int
    minute: int

    def __str__(self) -> str:
        return f"{_DAYS[self.weekday]} {self.hour:02d}:{self.minute:02d}"


def parse_weekly(value: object) -> Weekly:
    """Return the moment for `"Mon 08:00"`."""
    if isinstance(value, Weekly):
        return value
    if isinstance(value, str) and (match := _WEEKLY.fullmatch(value)) and match[1] in _DAYS:
        return Weekly(_DAYS.index(match[1]), int(match[2]), int(match[3]))
    raise wants('a day of the week and a time, such as "Mon 08:00"')


def parse_timezone(value: object) -> tzinfo:
    """Return the time zone for a name of the IANA database, such as `"Europe/Berlin"`."""
    if isinstance(value, tzinfo):
        return value
    if value == "UTC":  # needs no database, which small images lack
        return UTC
    try:
        return ZoneInfo(str(value))
    except (OSError, ValueError, KeyError):
        raise wants('the name of a time zone, such as "UTC" or "Europe/Berlin"') from None


def _http(value: str) -> str:
    if not _URL.fullmatch(value):
        raise wants('an address, such as "http://prometheus:9090"')
    return value.rstrip("/")


class SlackSettings(Section):
    """Where messages go, when the digest is sent, and whom to ask how a deploy went."""

    webhook_url: SecretStr | None = Field(
        default=None,
        description="Address of a Slack incoming webhook. It is a secret: whoever has it can post."
        " Without it nothing is sent.",
    )
    digest: Annotated[Weekly, BeforeValidator(parse_weekly)] = Field(
        default=Weekly(0, 8, 0), description="When the weekly digest is sent, in `timezone`."
    )
    timezone: Annotated[InstanceOf[tzinfo], BeforeValidator(parse_timezone)] = Field(
        default=UTC, description="Time zone of the digest and of times in messages."
    )
    prometheus_url: Annotated[str, AfterValidator(_http)] | None = Field(
        default=None,
        description="Prometheus that is asked, ten minutes after a deploy, whether errors or"
        " restarts rose, and each week what broke. Without it there is no such look back.",
    )

    @field_validator("webhook_url")
    @classmethod
    def _webhook(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not _URL.fullmatch(value.get_secret_value()):
            raise wants("the address of an incoming webhook, https://hooks.slack.com/services/…")
        return value
