"""The dashboards as they are committed, and how tests walk through them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from dashboards.build import GENERATED

Json = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """One query of a panel, or of an annotation or a variable."""

    dashboard: str
    panel: str
    ref: str
    kind: str
    text: str
    target: Json

    @property
    def name(self) -> str:
        return f"{self.dashboard}/{self.panel}/{self.ref}"


@cache
def dashboards() -> dict[str, Json]:
    """Return each dashboard by its uid."""
    loaded = [json.loads(path.read_text()) for path in sorted(GENERATED.glob("*.json"))]
    return {each["uid"]: each for each in loaded}


def panels(dashboard: Json, *, rows: bool = False) -> Iterator[Json]:
    """Yield the panels, those in collapsed rows too; the rows themselves only if asked for."""
    for panel in dashboard["panels"]:
        if panel["type"] != "row" or rows:
            yield panel
        yield from panel.get("panels", [])


def asked(kind: str) -> list[Asked]:
    """Return every query of panels and annotations for `prometheus`, `loki` or `postgres`."""
    found = []
    for uid, dashboard in dashboards().items():
        for panel in panels(dashboard):
            for target in panel["targets"]:
                if target["datasource"]["type"] == kind:
                    text = target.get("rawSql") or target["expr"]
                    found.append(Asked(uid, panel["title"], target["refId"], kind, text, target))
        for each in dashboard["annotations"]["list"]:
            if each["datasource"]["type"] == kind:
                name = each["name"]
                found.append(Asked(uid, "annotations", name, kind, each["expr"], each))
    return found


def variables(dashboard: Json) -> dict[str, Json]:
    return {each["name"]: each for each in dashboard["templating"]["list"]}


FILLED = {
    "podcast": ".+",
    "episode": ".+",
    "service": ".+",
    "stack": ".*",
    "host": ".+",
    "alert": ".+",
    "job": ".+",
    "instance": ".+",
    "app": "shop",
    "price": "0.12",
    "measure": "downloads",
    "split": "episode",
    "top": "10",
    "__rate_interval": "5m",
    "__interval": "1m",
    "__auto": "5m",
    "__range": "3h",
}
VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))")


def filled(text: str, **values: str) -> str:
    """Return a query as Grafana would send it with All chosen everywhere, or with `values`."""
    known = {**FILLED, **values}
    return VARIABLE.sub(lambda match: known[match[1] or match[2]], text)


def as_parsed(text: str) -> str:
    """Return a query with its windows as words that a parser takes."""
    return filled(text, __rate_interval="RATE", __range="RANGE", __from="0", __to="0")


EACH = pytest.mark.parametrize("dashboard", dashboards().values(), ids=dashboards().keys())


SCAFFOLDED = {"nearfield-host", "nearfield-app", "nearfield-nearfield"}
"""Where job and instance mean something."""


def shown(dashboard: Json) -> Iterator[Json]:
    return (panel for panel in panels(dashboard) if panel["type"] != "text")
