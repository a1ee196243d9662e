"""House panels, targets, variables and dashboards; the only door to grafanalib."""

from dashboards.lib.annotations import ALERTS, DEPLOYS, EPISODES
from dashboards.lib.dashboard import PREFIX, Dashboard, panel_id
from dashboards.lib.grid import Row, row
from dashboards.lib.links import to_dashboard
from dashboards.lib.look import Panel
from dashboards.lib.panels import (
    bar_gauge,
    bars,
    heatmap,
    logs,
    stat,
    states,
    table,
    text,
    timeseries,
)
from dashboards.lib.sources import LEDGER, LOKI, PROMETHEUS
from dashboards.lib.targets import Loki, Postgres, Prometheus, Target
from dashboards.lib.thresholds import GREEN, ORANGE, RED, steps
from dashboards.lib.units import Unit
from dashboards.lib.variables import Variable, choice, labels, query

__all__ = [
    "ALERTS",
    "DEPLOYS",
    "EPISODES",
    "GREEN",
    "LEDGER",
    "LOKI",
    "ORANGE",
    "PREFIX",
    "PROMETHEUS",
    "RED",
    "Dashboard",
    "Loki",
    "Panel",
    "Postgres",
    "Prometheus",
    "Row",
    "Target",
    "Unit",
    "Variable",
    "bar_gauge",
    "bars",
    "choice",
    "heatmap",
    "labels",
    "logs",
    "panel_id",
    "query",
    "row",
    "stat",
    "states",
    "steps",
    "table",
    "text",
    "timeseries",
    "to_dashboard",
]
