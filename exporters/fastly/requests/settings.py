"""The `[fastly.lines]` table of the settings: which request lines go to Loki."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from exporters.core.quantities import Duration, Size
from exporters.core.settings import Section, wants


def _status(text: str) -> str:
    if not re.fullmatch("[1-5](xx|[0-9]{2})", text):
        raise wants('a status or a class of them, such as "404" or "5xx"')
    return text


Status = Annotated[str, AfterValidator(_status)]


class LinesSettings(Section):
    """Requests worth reading one by one; told where a Loki is configured."""

    statuses: tuple[Status, ...] = Field(
        default=("4xx", "5xx"),
        description="Statuses, or classes of them, whose requests are told.",
    )
    slow: Duration = Field(
        default=10.0, description="How long a request takes that is told for being slow."
    )
    slow_rate: Size = Field(
        default=8 * 1024,
        description="Bytes a second from which on it is not slow, but long: slower than this hardly"
        " any audio plays.",
    )
    sample: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.01, description="Share of all other requests that is told."
    )
    limit: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=1000,
        description="Requests that are told of each piece of a segment (64 MiB of lines at most),"
        " the worst first; the others are counted as dropped.",
    )
    address: bool = Field(
        default=False, description="Whether the client's address is told, as `client_ip`."
    )
