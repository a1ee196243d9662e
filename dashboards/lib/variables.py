"""Variables: what a dashboard's user chooses at its top."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafanalib.core import REFRESH_ON_TIME_RANGE_CHANGE, Template

from dashboards.lib.sources import LEDGER, PROMETHEUS, Json, Source

ALL = "..*"
"""Any value but the empty one, as `.+`, without the plus that URLs turn into a space."""
SCAFFOLD_ALL = ".+"
"""For `job` and `instance`: what the usual checks of dashboards want."""
_KEPT = frozenset(
    {
        "allValue",
        "current",
        "datasource",
        "hide",
        "includeAll",
        "label",
        "multi",
        "name",
        "options",
        "query",
        "refresh",
        "regex",
        "sort",
        "type",
    }
)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable in the JSON that Grafana reads."""

    name: str
    json: Json


def _mended(template: Template) -> Json:
    """Return grafanalib's variable without dead keys, and without None where a word is wanted."""
    json = {key: value for key, value in template.to_json_data().items() if key in _KEPT}
    json["regex"] = json["regex"] or ""
    if json["current"].get("value") is None:
        json["current"] = {}
    json["current"].pop("tags", None)
    # Null is no data source, nor a value for all: what is not there is left out.
    return {key: value for key, value in json.items() if value is not None}


def chooser(source: Source) -> Variable:
    """Return the variable that chooses a data source of a kind."""
    template = Template(
        name=source.variable, label=source.label, type="datasource", query=source.kind, refresh=1
    )
    return Variable(source.variable, {**_mended(template), "sort": 0})


def labels(
    name: str, metric: str, label: str = "", *, text: str = "", many: bool = True
) -> Variable:
    """Return a variable of the values of a label that a metric has, with All."""
    asked = {"query": f"label_values({metric}, {label or name})", "refId": name}
    scaffold = name in {"job", "instance"}
    template = Template(
        name=name,
        label=text or name.capitalize() if not scaffold else name,
        query=asked,
        dataSource=PROMETHEUS.reference,
        multi=many,
        includeAll=True,
        allValue=SCAFFOLD_ALL if scaffold else ALL,
        refresh=REFRESH_ON_TIME_RANGE_CHANGE,
    )
    return Variable(name, {**_mended(template), "current": _all(many=many)})


def query(name: str, sql: str, *, text: str = "", many: bool = True) -> Variable:
    """Return a variable of what a query on the ledger returns, with All."""
    template = Template(
        name=name,
        label=text or name.capitalize(),
        query=sql.strip(),
        dataSource=LEDGER.reference,
        multi=many,
        includeAll=True,
        allValue=ALL,
        refresh=REFRESH_ON_TIME_RANGE_CHANGE,
        sort=0,
    )
    return Variable(name, {**_mended(template), "current": _all(many=many)})


def _all(*, many: bool) -> Json:
    value = ["$__all"] if many else "$__all"
    return {"selected": True, "text": ["All"] if many else "All", "value": value}


def choice(name: str, values: Sequence[str], *, text: str = "", default: str = "") -> Variable:
    """Return a variable of fixed words; the first is chosen where no default is named."""
    chosen = default or values[0]
    template = Template(
        name=name,
        label=text or name.capitalize(),
        type="custom",
        query=",".join(values),
        default=chosen,
        sort=0,
    )
    return Variable(name, {**_mended(template), "refresh": 0})
