"""The `[logs]` table of the settings: which containers are followed, and what becomes of lines."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from exporters.core.quantities import Duration
from exporters.core.settings import Location, wants
from exporters.loki import LokiSettings

Masked = Literal["tokens", "passwords", "cookies", "emails", "addresses"]
MASKED: tuple[Masked, ...] = ("tokens", "passwords", "cookies", "emails", "addresses")


def _pattern(text: str) -> str:
    try:
        found = re.compile(text)
    except re.error as error:
        raise wants(f"a regular expression: {error}") from None
    if found.match(""):
        raise wants("a regular expression that matches at least one character")
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]


class LogsSettings(LokiSettings):
    """Whose lines go to Loki, how they are joined and masked, and how many may come."""

    containers: Literal["all", "labelled", "none"] = Field(
        default="all",
        description="Whose logs are followed: `all` but those with the label `nearfield.logs=off`,"
        " those `labelled` `nearfield.logs=on`, or `none`.",
    )
    own_records: bool = Field(
        default=True, description="Whether Nearfield's own log records go to Loki as well."
    )
    multiline: bool = Field(
        default=True,
        description="Whether stack traces (Python, Elixir, Erlang, Go, Java, Node) and indented"
        " lines become one entry with the line above them.",
    )
    multiline_wait: Duration = Field(
        default=0.5, description="How long a line may come after the one above it to be joined."
    )
    first_lines: dict[str, Pattern] = Field(
        default_factory=dict,
        description="Pattern of the first line of an entry by service, `*` for all others; lines"
        " that it does not match are joined to the one above.",
    )
    redact: tuple[Masked, ...] = Field(
        default=MASKED,
        description="What is masked before a line leaves: `tokens`, `passwords`, `cookies`,"
        " `emails`, `addresses` (public ones of IPv4 and IPv6).",
    )
    redact_patterns: tuple[Pattern, ...] = Field(
        default=(), description="Patterns of your own whose matches are masked as well."
    )
    queries: tuple[Location, ...] = Field(
        default=(),
        description="Files with your own metrics from logs, as paths or patterns; those of"
        " `downloads.queries` are read for them as well, where `downloads` runs.",
    )
    rate_limits: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict,
        description="Entries a second that a service may write, `*` for all others, ten seconds"
        " saved up; what is over it is dropped and counted.",
    )
    samples: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=dict,
        description="Share of a service's entries that is kept, `*` for all others; warnings and"
        " errors always are.",
    )
