"""Which requests are worth reading, as DuckDB's SQL."""

from dataclasses import dataclass

from exporters.fastly.derived.sql import one_of_statuses
from exporters.fastly.requests.settings import LinesSettings

_ALL = 1 << 64
# The same request comes to the same number, whoever measures it and whenever.
_CHANCE = (
    "CASE WHEN request_id IS NULL OR request_id IN ('', '(null)')"
    ' THEN hash("time", path, address) ELSE hash(request_id) END'
)


@dataclass(frozen=True, slots=True)
class Worth:
    """Conditions on a request, none of them ever NULL; and how much is told of the requests."""

    told: str
    """Over the columns of requests.sql."""
    slow: str
    """Over those, or those of `taken`."""
    limit: int
    address: bool


def worth(settings: LinesSettings) -> Worth:
    """Return what the settings ask for."""
    slow = (
        f"coalesce(took_us > {settings.slow * 1e6:.0f}"
        f" AND bytes * 1000000 < took_us * {settings.slow_rate}, FALSE)"
    )
    told = [slow]
    if settings.statuses:
        told.append(one_of_statuses(settings.statuses))
    if settings.sample >= 1:
        told = ["TRUE"]
    elif settings.sample:
        told.append(f"{_CHANCE} < {int(settings.sample * _ALL)}")
    return Worth(" OR ".join(told), slow, settings.limit, settings.address)
