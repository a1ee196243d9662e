"""postgres_exporter's `queries.yaml`, as it is: its metric names stay what they were."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from exporters.core.definitions import Entry
from exporters.core.definitions.fields import is_name
from exporters.core.settings import Section
from exporters.downloads.queries.fields import ServerRange, Sql
from exporters.downloads.queries.model import Defaults, Kind, Measure, Query, Reading
from exporters.downloads.queries.versions import ANY

Usage = Literal["LABEL", "GAUGE", "COUNTER", "DISCARD", "HISTOGRAM", "MAPPEDMETRIC", "DURATION"]

_READINGS: dict[Usage, tuple[Kind, Reading]] = {
    "GAUGE": ("gauge", Reading.LENIENT),
    "COUNTER": ("counter", Reading.LENIENT),
    "HISTOGRAM": ("histogram", Reading.LENIENT),
    "MAPPEDMETRIC": ("gauge", Reading.MAPPED),
    "DURATION": ("gauge", Reading.DURATION),
}


class Column(Section):
    """What becomes of a column."""

    usage: Usage
    description: str | None = None
    metric_mapping: dict[str, Annotated[float, Field(allow_inf_nan=False)]] | None = None


class Namespace(Section):
    """A query and its columns. There is one server here, so `master` makes no difference."""

    query: Sql
    metrics: tuple[dict[str, dict[str, Any]], ...]
    master: bool = False
    cache_seconds: Annotated[int, Field(ge=0, le=31_536_000)] = 0
    runonserver: ServerRange = ANY


def parse_postgres_exporter(entry: Entry, defaults: Defaults, problems: list[str]) -> Query | None:
    """Return the query of a namespace; or None, with every problem that it has."""
    form = entry.read(Namespace, problems, entry.table)
    if form is None:
        return None
    found = len(problems)
    columns = _columns(entry, form, problems)
    labels = tuple(name for name, column in columns.items() if column.usage == "LABEL")
    problems += (
        entry.problem(f"column {label} cannot be a label: {why}", "metrics")
        for label in labels
        if (why := _label_flaw(label))
    )
    measures = tuple(_measures(entry, columns, problems))
    if not measures and len(problems) == found:
        problems.append(entry.problem("wants a column that is not LABEL or DISCARD", "metrics"))
    if len(problems) > found:
        return None
    return Query(
        name=entry.name,
        sql=form.query,
        database=defaults.databases[0],
        interval=float(form.cache_seconds) or defaults.interval,
        deadline=defaults.deadline,
        labels=labels,
        measures=measures,
        limits=defaults.limits,
        server=form.runonserver,
    )


def _columns(entry: Entry, form: Namespace, problems: list[str]) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for i, item in enumerate(form.metrics):
        for name, table in item.items():
            place = ("metrics", i, name)
            column = entry.read(Column, problems, table, place)
            if column is None:
                continue
            if name in columns:
                problems.append(entry.problem("the column is there twice", *place))
            if column.usage == "MAPPEDMETRIC" and not column.metric_mapping:
                problems.append(entry.problem("wants a metric_mapping of texts to numbers", *place))
            columns[name] = column
    return columns


def _measures(entry: Entry, columns: dict[str, Column], problems: list[str]) -> Iterator[Measure]:
    for name, column in columns.items():
        if column.usage in ("LABEL", "DISCARD"):
            continue
        kind, reading = _READINGS[column.usage]
        full = f"{entry.name}_{name}" + ("_milliseconds" if column.usage == "DURATION" else "")
        if not is_name(full):
            text = f"column {name} does not make the name of a metric with {entry.name}_ before it"
            problems.append(entry.problem(text, "metrics"))
        if kind == "counter" and not full.endswith("_total"):
            kind = "unknown"  # every format of today wants _total, and the name must stay
        help_text = (column.description or "").strip() or f"Column {name} of query {entry.name}."
        yield Measure(full, kind, help_text, name, reading, column.metric_mapping or {})


def _label_flaw(label: str) -> str:
    if not is_name(label):
        return "wants letters, digits and underscores"
    return "the name is reserved" if label.startswith("__") or label == "le" else ""
