"""How values look, whatever the panel: unit, thresholds, colours, links, words for nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dashboards.lib.sources import Json
from dashboards.lib.targets import Target
from dashboards.lib.thresholds import PLAIN
from dashboards.lib.units import Unit

NOTHING = "no data"


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel before it has its place, its id and its links to Explore."""

    key: str
    """Names it within its dashboard for ever: its id, and so every link to it, comes from this."""
    json: Json
    targets: Sequence[Target]
    width: int = 8
    height: int = 8
    logs: str = ""
    """LogQL of the lines that belong beside it, where they are not the dashboard's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How values are shown, whatever the panel."""

    unit: Unit
    links: Sequence[Json] = ()
    thresholds: Sequence[Json] = field(default_factory=lambda: PLAIN)
    minimum: float | None = 0
    maximum: float | None = None
    decimals: int | None = None
    nothing: str = NOTHING
    colors: str = "palette-classic"

    def defaults(self) -> Json:
        """Return the field defaults that go over grafanalib's."""
        maximum = 1 if self.unit is Unit.SHARE and self.maximum is None else self.maximum
        values: Json = {
            "unit": str(self.unit),
            "color": {"mode": self.colors},
            "thresholds": {"mode": "absolute", "steps": list(self.thresholds)},
            "links": list(self.links),
            "mappings": [],
            "noValue": self.nothing,
            "min": self.minimum,
            "max": maximum,
            "decimals": self.decimals,
        }
        return {key: value for key, value in values.items() if value is not None}
