"""Links between dashboards, and into Explore with metrics on the left and logs on the right."""

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from dashboards.lib.sources import LOKI, Json
from dashboards.lib.targets import Target

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))")
_MULTI = "pipe"
_SAFE = "percentencode"
_SCAFFOLD = frozenset({"job", "instance"})


def explore(target: Target, logs: str) -> Json:
    """Return a panel link that opens Explore at the dashboard's time with its variables."""
    metrics = _pane({"refId": "A", "datasource": target.source.reference, **target.fields()})
    lines = _pane({"refId": "A", "datasource": LOKI.reference, "expr": logs, "queryType": "range"})
    panes = {"metrics": metrics, "logs": lines}
    return {
        "title": "Explore: what is asked, beside the logs",
        "url": f"/explore?schemaVersion=1&orgId=1&panes={_encoded(panes)}",
        "targetBlank": True,
    }


def _pane(query: Json) -> Json:
    times = {"from": "${__from}", "to": "${__to}"}
    return {"datasource": query["datasource"]["uid"], "queries": [query], "range": times}


def _encoded(panes: Json) -> str:
    """Percent-encode JSON, but not its variables, which Grafana fills first."""
    text, encoded, last = json.dumps(panes, separators=(",", ":"), ensure_ascii=False), "", 0
    for match in _VARIABLE.finditer(text):
        name = match[1] or match[2]
        if name.startswith("__") and name not in {"__from", "__to"}:
            continue  # Explore knows $__rate_interval and $__timeFilter itself
        encoded += quote(text[last : match.start()], safe="") + _filled(name)
        last = match.end()
    return encoded + quote(text[last:], safe="")


def _filled(name: str) -> str:
    """A variable in the form that survives a URL.

    `.+`, which the usual checks want for all jobs, would lose its plus: only percent-encoding saves
    it, and that writes several values as Explore does not read them. Ours say all without a plus.
    """
    if name.startswith("__") or name.endswith("_datasource"):
        return f"${{{name}}}"
    return f"${{{name}:{_SAFE if name in _SCAFFOLD else _MULTI}}}"


def to_dashboard(title: str, uid: str, variables: Mapping[str, str] | None = None) -> Json:
    """Return a data link that keeps the time, and the variables but for those named here.

    A value is Grafana's: `${__field.labels.service}` in graphs, `${__data.fields.podcast}` in
    tables.
    """
    if not variables:
        return {"title": title, "url": f"/d/{uid}?${{__url_time_range}}&${{__all_variables}}"}
    query = "&".join(f"var-{name}={value}" for name, value in variables.items())
    return {"title": title, "url": f"/d/{uid}?${{__url_time_range}}&{query}"}


def suite(tag: str) -> Json:
    """Return the dashboard link that lists all of a tag, keeping time and variables."""
    return {
        "asDropdown": True,
        "icon": "external link",
        "includeVars": True,
        "keepTime": True,
        "tags": [tag],
        "targetBlank": False,
        "title": "Nearfield",
        "tooltip": "",
        "type": "dashboards",
        "url": "",
    }
