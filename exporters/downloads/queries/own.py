"""Our own form of a definition: the metric's name, its labels, its SQL."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from pydantic import Field

from exporters.core.definitions import Entry, Path
from exporters.core.definitions.fields import Cap, Label, Text, metric_flaw
from exporters.core.quantities import Duration
from exporters.core.settings import Section
from exporters.core.settings.problems import suggestion
from exporters.downloads.queries.fields import Interval, Sql
from exporters.downloads.queries.model import Defaults, Measure, Query


class Shared(Section):
    """The keys of a query, however many metrics it has."""

    sql: Sql
    labels: tuple[Label, ...] = ()
    interval: Interval | None = None
    deadline: Duration | None = None
    database: Text | None = None
    series_limit: Cap | None = None
    label_limits: dict[str, Cap] = Field(default_factory=dict)


class Metric(Section):
    """A metric of a query that has several."""

    help: Text
    type: Literal["gauge", "counter"] | None = None
    value: Text


class Single(Shared):
    """A query with one metric, which has the name of the entry."""

    help: Text
    type: Literal["gauge", "counter"] | None = None
    value: Text | None = None


class Several(Shared):
    """A query with several metrics, each from its own column."""

    metrics: dict[str, dict[str, object]]


def parse_own(entry: Entry, defaults: Defaults, problems: list[str]) -> Query | None:
    """Return the query of an entry; or None, with every problem that it has."""
    several = "metrics" in entry.table
    form = entry.read(Several if several else Single, problems, entry.table)
    if form is None:
        return None
    found = len(problems)
    measures = tuple(_measures(entry, form, problems))
    problems += _conflicts(entry, form, measures, defaults)
    return None if len(problems) > found else _query(entry.name, form, measures, defaults)


def _measures(entry: Entry, form: Shared, problems: list[str]) -> Iterator[Measure]:
    """Give each metric of the entry; what is wrong with one goes to `problems`."""
    if isinstance(form, Single):
        yield _measure(entry, (), entry.name, form, problems)
    elif isinstance(form, Several):
        if not form.metrics:
            problems.append(entry.problem("wants the names of metrics", "metrics"))
        for name, table in form.metrics.items():
            place = ("metrics", name)
            metric = entry.read(Metric, problems, table, place)
            if metric:
                yield _measure(entry, place, name, metric, problems)


def _measure(
    entry: Entry, place: Path, name: str, form: Single | Metric, problems: list[str]
) -> Measure:
    flaw = metric_flaw(name)
    if flaw:
        problems.append(entry.problem(f"wants {flaw}", *place))
    kind = form.type or ("counter" if name.endswith("_total") else "gauge")
    if kind == "counter" and not name.endswith("_total"):
        problems.append(entry.problem("wants a name that ends in _total for a counter", *place))
    if kind == "gauge" and name.endswith("_total"):
        problems.append(entry.problem("wants a name without _total for a gauge", *place))
    return Measure(name, kind, form.help, form.value)


def _conflicts(
    entry: Entry, form: Shared, measures: tuple[Measure, ...], defaults: Defaults
) -> Iterator[str]:
    """Give what the keys have against each other."""
    if len(set(form.labels)) < len(form.labels):
        yield entry.problem("wants each label once", "labels")
    for name in form.label_limits:
        if name not in form.labels:
            text = f"is none of the labels{suggestion(name, form.labels)}"
            yield entry.problem(text, "label_limits", name)
    if form.database is not None and form.database not in defaults.databases:
        near = suggestion(form.database, defaults.databases)
        text = f"wants one that is configured here: {', '.join(defaults.databases)}{near}"
        yield entry.problem(text, "database")
    for measure in measures:
        if measure.column in form.labels:
            yield entry.problem(f"the value of {measure.name} is one of the labels", "labels")


def _query(name: str, form: Shared, measures: tuple[Measure, ...], defaults: Defaults) -> Query:
    return Query(
        name=name,
        sql=form.sql,
        database=form.database or defaults.databases[0],
        interval=form.interval or defaults.interval,
        deadline=form.deadline or defaults.deadline,
        labels=form.labels,
        measures=measures,
        limits=replace(
            defaults.limits,
            series=form.series_limit or defaults.limits.series,
            labels=form.label_limits,
        ),
    )
