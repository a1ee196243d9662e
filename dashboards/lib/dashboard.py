"""A dashboard: its story in rows, with ids, uid and schema that stay as they are."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

from grafanalib import core

from dashboards.lib import grid, links
from dashboards.lib.annotations import ALERTS, DEPLOYS, EPISODES
from dashboards.lib.grid import Row
from dashboards.lib.look import Panel
from dashboards.lib.sources import LEDGER, LOKI, MIXED, PROMETHEUS, Json, Source
from dashboards.lib.variables import Variable, chooser

PREFIX = "nearfield-"
TAG = "nearfield"
SCHEMA_VERSION = 39
"""Of Grafana 11: older ones read it too, newer ones migrate it. grafanalib says 12, of 2016."""
_UID = re.compile(rf"{PREFIX}[a-z0-9-]{{1,{40 - len(PREFIX)}}}")
_INTERVALS = ["30s", "1m", "5m", "15m", "1h"]
_KEPT = (
    "annotations",
    "description",
    "editable",
    "graphTooltip",
    "id",
    "links",
    "panels",
    "refresh",
    "schemaVersion",
    "tags",
    "templating",
    "time",
    "timepicker",
    "timezone",
    "title",
    "uid",
    "version",
)


def panel_id(uid: str, key: str) -> int:
    """Return the id of a panel: from its names, so that no other panel moves it.

    grafanalib counts, and a panel put in between would break every link to those behind it.
    """
    return crc32(f"{uid}/{key}".encode()) % 999_999 + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """What `generate-dashboards` and `nearfield dashboards build` write."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    variables: Sequence[Variable] = ()
    logs: str = '{service=~".+"}'
    """LogQL of the lines that belong beside its panels."""
    time: str = "now-6h"
    refresh: str = "1m"
    annotations: Sequence[Mapping[str, object]] = (DEPLOYS, EPISODES, ALERTS)

    def to_json_data(self) -> Json:
        """Return the JSON of Grafana's classic model. Raises ValueError where it would not load."""
        if not _UID.fullmatch(self.uid):
            raise ValueError(f"{self.uid}: wants {PREFIX}, then a-z, 0-9 and -, at most 40 in all")
        panels = list(self._panels())
        _unique(panels, self.uid)
        json = core.Dashboard(
            title=self.title,
            uid=self.uid,
            description=self.description,
            panels=panels,
            schemaVersion=SCHEMA_VERSION,
            version=1,
            editable=False,
            graphTooltip=core.GRAPH_TOOLTIP_MODE_SHARED_CROSSHAIR,
            refresh=self.refresh,
            tags=[TAG],
            timezone="browser",
            time=core.Time(self.time, "now"),
            templating=core.Templating(list=[each.json for each in self._variables()]),
            annotations=core.Annotations(list=list(self.annotations)),
            links=[links.suite(TAG)],
        ).to_json_data()
        json["timepicker"] = {"refresh_intervals": _INTERVALS}
        return {key: _plain(json[key]) for key in _KEPT}

    def _variables(self) -> Iterator[Variable]:
        yield from map(chooser, self._sources())
        yield from self.variables

    def _sources(self) -> Iterator[Source]:
        """Yield the sources in use; logs are one link away from each panel."""
        used = {target.source for row in self.rows for p in row.panels for target in p.targets}
        asked = {each.json.get("datasource", {}).get("uid") for each in self.variables}
        yield PROMETHEUS
        yield LOKI
        if LEDGER in used or LEDGER.reference["uid"] in asked:
            yield LEDGER

    def _panels(self) -> Iterator[Json]:
        top = 0
        for row in self.rows:
            header = {
                "type": "row",
                "id": panel_id(self.uid, row.key),
                "title": row.title,
                "collapsed": row.collapsed,
                "gridPos": {"x": 0, "y": top, "w": grid.COLUMNS, "h": 1},
                "panels": [],
            }
            placed, bottom = grid.place(row.panels, top + 1)
            inside = [self._panel(panel, position) for panel, position in placed]
            # A collapsed row holds its panels; those of an open one stand after it.
            yield {**header, "panels": inside} if row.collapsed else header
            if not row.collapsed:
                yield from inside
            top = top + 1 if row.collapsed else bottom

    def _panel(self, panel: Panel, position: Json) -> Json:
        around: Json = {"id": panel_id(self.uid, panel.key), "gridPos": position}
        if panel.targets:
            around["datasource"] = _source(panel)
            around["links"] = [links.explore(panel.targets[0], panel.logs or self.logs)]
        return {**panel.json, **around}


def _plain(value: object) -> object:
    """Return grafanalib's own objects as the JSON that they stand for."""
    to_json = getattr(value, "to_json_data", None)
    return to_json() if to_json else value


def _source(panel: Panel) -> Json:
    """Return the one source of a panel, or Grafana's word for several."""
    sources = {target.source for target in panel.targets}
    return MIXED if len(sources) > 1 else sources.pop().reference


def _unique(panels: Iterable[Json], uid: str) -> None:
    """Raise ValueError where two panels would have one id: two keys are the same, or collide."""
    seen: dict[int, str] = {}
    every = [*panels]
    every += [inside for panel in every for inside in panel.get("panels", [])]
    for panel in every:
        if other := seen.get(panel["id"]):
            raise ValueError(
                f"{uid}: {other} and {panel['title']} have one id; give one another key"
            )
        seen[panel["id"]] = panel["title"]
