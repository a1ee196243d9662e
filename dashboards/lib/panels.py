"""The house panels: each has a title, a sentence, a unit, and words for when there is nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from grafanalib import core

from dashboards.lib import mending
from dashboards.lib.look import Look, Panel
from dashboards.lib.mending import column, mended
from dashboards.lib.sources import Json
from dashboards.lib.targets import Target, to_json
from dashboards.lib.thresholds import GREEN, RED, steps
from dashboards.lib.units import Unit

_LINES: Mapping[str, object] = {"lineWidth": 1, "showPoints": "never", "spanNulls": False}


def timeseries(
    key: str,
    title: str,
    description: str,
    *targets: Target,
    unit: Unit,
    width: int = 12,
    height: int = 8,
    stack: bool = False,
    calcs: tuple[str, ...] = (),
    right: Mapping[str, Unit] | None = None,
    days: int | None = None,
    logs: str = "",
    **look: Any,
) -> Panel:
    """Return a graph over time. `right` names series with an axis and a unit of their own.

    `days` shows so many days whatever the dashboard's time.
    """
    panel = core.TimeSeries(
        title=title,
        description=description,
        targets=to_json(targets),
        overrides=[
            column(name, ("unit", str(other)), ("custom.axisPlacement", "right"))
            for name, other in (right or {}).items()
        ],
        stacking={"mode": "normal" if stack else "none", "group": "A"},
        tooltipMode="multi",
        tooltipSort="desc",
        timeFrom=None if days is None else f"{days}d",
    ).to_json_data()
    fill = 30 if stack else 8
    defaults = Look(unit=unit, **look).defaults()
    defaults["custom"] = {**_LINES, "fillOpacity": fill}
    options = {
        "legend": mending.legend(calcs),
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return Panel(key, mended(panel, defaults, options), targets, width, height, logs)


def stat(
    key: str,
    title: str,
    description: str,
    *targets: Target,
    unit: Unit,
    width: int = 4,
    height: int = 4,
    calc: str = "lastNotNull",
    background: bool = False,
    graph: bool = True,
    names: bool = False,
    logs: str = "",
    **look: Any,
) -> Panel:
    """Return a number, with its line behind it; grafanalib would show the mean, and "none"."""
    panel = core.Stat(
        title=title,
        description=description,
        targets=to_json(targets),
        reduceCalc=calc,
        colorMode="background" if background else "value",
        graphMode="area" if graph else "none",
        textMode="value_and_name" if names else "auto",
    ).to_json_data()
    defaults = Look(unit=unit, **{"colors": "thresholds", **look}).defaults()
    return Panel(key, mended(panel, defaults), targets, width, height, logs)


def table(
    key: str,
    title: str,
    description: str,
    *targets: Target,
    unit: Unit = Unit.EXACT,
    width: int = 12,
    height: int = 8,
    sort: str = "",
    units: Mapping[str, Unit] | None = None,
    hide: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    column_links: Mapping[str, Sequence[Json]] | None = None,
    logs: str = "",
    **look: Any,
) -> Panel:
    """Return a table; Inspect, Data gives it as CSV. `names` renames columns, `hide` drops them."""
    overrides = [column(name, ("unit", str(each))) for name, each in (units or {}).items()]
    overrides += [column(name, ("links", links)) for name, links in (column_links or {}).items()]
    panel = core.Table(
        title=title,
        description=description,
        targets=to_json(targets),
        overrides=overrides,
        filterable=True,
        transformations=_organized(targets, hide, names or {}),
    ).to_json_data()
    order = [{"displayName": sort.lstrip("-"), "desc": sort.startswith("-")}] if sort else []
    options = {"showHeader": True, "sortBy": order, "cellHeight": "sm", "footer": {"show": False}}
    defaults = Look(unit=unit, **{"colors": "thresholds", **look}).defaults()
    del defaults["min"]
    mended_panel = mended(panel, defaults, options)
    custom = mended_panel["fieldConfig"]["defaults"]["custom"]
    custom.pop("displayMode")
    custom["cellOptions"] = {"type": "auto"}
    return Panel(key, mended_panel, targets, width, height, logs)


def _organized(
    targets: Sequence[Target], hide: Sequence[str], names: Mapping[str, str]
) -> list[Json]:
    """Return the transformations that make one table of several answers, without their time."""
    joined = [{"id": "merge", "options": {}}] if len(targets) > 1 else []
    excluded = dict.fromkeys(("Time", *hide), True)
    options = {"excludeByName": excluded, "indexByName": {}, "renameByName": dict(names)}
    return [*joined, {"id": "organize", "options": options}]


def bar_gauge(
    key: str,
    title: str,
    description: str,
    *targets: Target,
    unit: Unit,
    width: int = 8,
    height: int = 8,
    rows: bool = False,
    logs: str = "",
    **look: Any,
) -> Panel:
    """Return a ranking as bars. `rows` draws a bar for each row of a table, not for each series."""
    panel = core.BarGauge(
        title=title, description=description, targets=to_json(targets)
    ).to_json_data()
    options = {
        "displayMode": "basic",
        "orientation": "horizontal",
        "minVizWidth": 0,
        "minVizHeight": 10,
        "showUnfilled": True,
        "valueMode": "color",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": rows},
    }
    defaults = Look(unit=unit, **{"colors": "continuous-BlPu", **look}).defaults()
    return Panel(key, mended(panel, defaults, options), targets, width, height, logs)


def bars(
    key: str,
    title: str,
    description: str,
    *targets: Target,
    unit: Unit,
    width: int = 12,
    height: int = 8,
    logs: str = "",
    **look: Any,
) -> Panel:
    """Return a bar for each row of a table: the first column names it, the others are values."""
    panel = core.BarChart(
        title=title, description=description, targets=to_json(targets), showValue="never"
    ).to_json_data()
    options = {
        "orientation": "auto",
        "xTickLabelRotation": -45,
        "xTickLabelMaxLength": 24,
        "showValue": "never",
        "stacking": "none",
        "groupWidth": 0.7,
        "barWidth": 0.9,
        "legend": mending.legend(()),
        "tooltip": {"mode": "multi", "sort": "none"},
    }
    defaults = Look(unit=unit, **look).defaults()
    return Panel(key, mended(panel, defaults, options), targets, width, height, logs)


def heatmap(
    key: str,
    title: str,
    description: str,
    *targets: Target,
    unit: Unit,
    width: int = 12,
    height: int = 8,
    logs: str = "",
) -> Panel:
    """Return a heatmap of the buckets of a histogram, whose bounds have this unit."""
    panel = core.Heatmap(
        title=title, description=description, targets=to_json(targets)
    ).to_json_data()
    options = {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Blues", "steps": 64, "fill": "dark-blue"},
        "yAxis": {"unit": str(unit), "axisPlacement": "left"},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        # `show` is read up to Grafana 10, `mode` by newer ones.
        "tooltip": {"show": True, "mode": "single", "yHistogram": True},
        "legend": {"show": True},
        "filterValues": {"le": 1e-9},
    }
    defaults = Look(unit=unit, minimum=None).defaults()
    return Panel(key, mended(panel, defaults, options), targets, width, height, logs)


def states(
    key: str,
    title: str,
    description: str,
    *targets: Target,
    width: int = 12,
    height: int = 8,
    colors: Mapping[int, tuple[str, str]] | None = None,
    logs: str = "",
    **look: Any,
) -> Panel:
    """Return states over time; `colors` gives each value its word and its colour."""
    panel = core.StateTimeline(
        title=title, description=description, targets=to_json(targets)
    ).to_json_data()
    words = colors or {0: ("no", GREEN), 1: ("yes", RED)}
    options = {
        str(value): {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(words.items())
    }
    defaults = Look(unit=Unit.NONE, thresholds=steps(GREEN), **look).defaults()
    defaults["mappings"] = [{"type": "value", "options": options}]
    defaults["custom"] = {"lineWidth": 0, "fillOpacity": 80}
    shown = {
        "mergeValues": True,
        "showValue": "never",
        "alignValue": "left",
        "rowHeight": 0.85,
        "legend": mending.legend(()),
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return Panel(key, mended(panel, defaults, shown), targets, width, height, logs)


def logs(
    key: str, title: str, description: str, *targets: Target, width: int = 24, height: int = 10
) -> Panel:
    """Return lines of logs, the newest first."""
    panel = core.Logs(
        title=title,
        description=description,
        targets=to_json(targets),
        showTime=True,
        wrapLogMessages=True,
        enableLogDetails=True,
    ).to_json_data()
    defaults = Look(unit=Unit.NONE, minimum=None).defaults()
    return Panel(key, mended(panel, defaults), targets, width, height)


def text(key: str, title: str, markdown: str, *, width: int = 24, height: int = 3) -> Panel:
    """Return a text in Markdown."""
    panel = core.Text(title=title, description="", content=markdown).to_json_data()
    kept = {"type": "text", "title": title, "description": "", "options": panel["options"]}
    return Panel(key, {**kept, "targets": []}, (), width, height)
