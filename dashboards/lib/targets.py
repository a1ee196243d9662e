"""What a panel asks: PromQL, LogQL or SQL, each in exactly the fields that its data source reads.

grafanalib's own Target writes `intervalFactor: 2`, which halves the resolution, and `query` and
`step`, on which Loki's data source fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Literal

from dashboards.lib.sources import LEDGER, LOKI, PROMETHEUS, Json, Source


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A PromQL query. `instant` asks for one moment, for tables and rankings."""

    expr: str
    legend: str = ""
    instant: bool = False
    format: Literal["time_series", "table", "heatmap"] = "time_series"
    source: Source = PROMETHEUS

    def fields(self) -> Json:
        """Return what Prometheus' data source reads."""
        return {
            "expr": self.expr,
            "legendFormat": self.legend or "__auto",
            "format": self.format,
            "instant": self.instant,
            "range": not self.instant,
            "editorMode": "code",
        }


@dataclass(frozen=True, slots=True)
class Loki:
    """A LogQL query: of lines, or of numbers made of them."""

    expr: str
    legend: str = ""
    instant: bool = False
    max_lines: int | None = None
    source: Source = LOKI

    def fields(self) -> Json:
        """Return what Loki's data source reads, and nothing on which it fails."""
        limit = {} if self.max_lines is None else {"maxLines": self.max_lines}
        legend = {"legendFormat": self.legend} if self.legend else {}
        kind = "instant" if self.instant else "range"
        return {"expr": self.expr, "queryType": kind, "editorMode": "code", **legend, **limit}


@dataclass(frozen=True, slots=True)
class Postgres:
    """A SQL query on the ledger. A time series has the columns time, (metric,) value."""

    sql: str
    format: Literal["table", "time_series"] = "table"
    source: Source = LEDGER

    def fields(self) -> Json:
        """Return what the Postgres data source reads."""
        return {
            "rawSql": self.sql.strip(),
            "rawQuery": True,
            "format": self.format,
            "editorMode": "code",
        }


Target = Prometheus | Loki | Postgres


def to_json(targets: Sequence[Target]) -> list[Json]:
    """Return the targets with refIds A, B, C and so on: grafanalib's are empty and collide."""
    if len(targets) > len(ascii_uppercase):
        raise ValueError(f"{len(targets)} targets in one panel")
    return [
        {"refId": ref, "datasource": target.source.reference, **target.fields()}
        for ref, target in zip(ascii_uppercase, targets, strict=False)
    ]
