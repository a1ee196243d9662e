"""Data sources, always through a variable: no uid of anybody's Grafana is written anywhere."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
"""A JSON object as Grafana reads it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of data source, and the variable by which a dashboard's user chooses one."""

    kind: str
    """Grafana's plugin. `postgres` is understood by every version, newer ones know it as an
    alias of `grafana-postgresql-datasource`."""
    variable: str
    label: str

    @property
    def reference(self) -> Json:
        """How panels name it: by uid, which outlives a rename."""
        return {"type": self.kind, "uid": f"${{{self.variable}}}"}


PROMETHEUS = Source("prometheus", "prometheus_datasource", "Prometheus data source")
LOKI = Source("loki", "loki_datasource", "Loki data source")
LEDGER = Source("postgres", "ledger_datasource", "Ledger data source")

MIXED: Json = {"type": "datasource", "uid": "-- Mixed --"}
"""Of a panel that asks several: each of its targets names its own."""
