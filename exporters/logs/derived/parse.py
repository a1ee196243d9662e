"""An entry `from: logs` to the metric that it defines."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from exporters.core.definitions import Entry
from exporters.core.definitions.fields import Cap, Text, label, metric_flaw, wants
from exporters.core.exposition import Limits
from exporters.core.settings import Section
from exporters.core.settings.problems import suggestion
from exporters.logs.derived.model import (
    ALWAYS,
    BUCKETS,
    LABEL_LIMIT,
    OF_LINE,
    SERIES_LIMIT,
    Derived,
)
from exporters.logs.derived.pattern import repeats_repeats

_MOST_BUCKETS = 50


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _by_label(value: object) -> object:
    return {name: name for name in value} if isinstance(value, list) else value


def _names(labels: dict[str, str]) -> dict[str, str]:
    return {label(name): source for name, source in labels.items()}


def _pattern(text: str) -> str:
    try:
        found = re.compile(text).search("")
    except re.error as error:
        raise wants(f"a regular expression, and stumbles at character {error.pos}") from None
    if found:
        raise wants("a regular expression that an empty line does not match: this one all lines do")
    if repeats_repeats(text):
        raise wants("no repeat inside a repeat, such as (a+)*: some line would take for ever")
    return text


def _ascending(bounds: tuple[float, ...]) -> tuple[float, ...]:
    if not bounds or bounds[0] < 0 or not all(low < high for low, high in pairwise(bounds)):
        raise wants("numbers that ascend, from 0 or more on")
    return bounds


Names = Annotated[tuple[Text, ...], BeforeValidator(_one_or_more)]
Labels = Annotated[dict[str, Text], BeforeValidator(_by_label), AfterValidator(_names)]
Pattern = Annotated[Text, AfterValidator(_pattern)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Buckets = Annotated[tuple[Number, ...], Field(max_length=_MOST_BUCKETS), AfterValidator(_ascending)]


class Form(Section):
    """The keys of an entry."""

    help: Text
    type: Literal["counter", "histogram"] | None = None
    service: Names = ()
    stack: Names = ()
    pattern: Pattern | None = None
    where: dict[str, Names] = Field(default_factory=dict)
    labels: Labels = Field(default_factory=dict)
    value: Text | None = None
    scale: Annotated[Number, Field(gt=0)] = 1.0
    buckets: Buckets | None = None
    series_limit: Cap = SERIES_LIMIT
    label_limits: dict[str, Cap] = Field(default_factory=dict)


def parse_derived(entry: Entry, problems: list[str]) -> Derived | None:
    """Return the metric; or None, and say in `problems` why not. Pure."""
    form = entry.read(Form, problems, entry.table)
    if form is None:
        return None
    kind = form.type or ("counter" if entry.name.endswith("_total") else "histogram")
    found = [
        *_name_flaws(entry, kind),
        *_value_flaws(entry, form, kind),
        *_label_flaws(entry, form),
        *_source_flaws(entry, form),
    ]
    problems += found
    return None if found else _derived(entry.name, kind, form)


def _name_flaws(entry: Entry, kind: str) -> Iterator[str]:
    if flaw := metric_flaw(entry.name):
        yield entry.problem(f"wants {flaw}")
    if kind == "counter" and not entry.name.endswith("_total"):
        yield entry.problem("wants a name that ends in _total for a counter")
    if kind == "histogram" and entry.name.endswith("_total"):
        yield entry.problem("wants a name without _total for a histogram")


def _value_flaws(entry: Entry, form: Form, kind: str) -> Iterator[str]:
    if not (form.pattern or form.where or form.value):
        yield entry.problem("wants a pattern, where or value, which say what is counted")
    if kind == "histogram" and not form.value:
        yield entry.problem("wants a value, the number that a histogram is made of")
    if kind == "counter" and form.buckets:
        yield entry.problem("are for histograms, and this is a counter", "buckets")
    if form.scale != 1.0 and not form.value:
        yield entry.problem("wants a value that it scales", "scale")


def _label_flaws(entry: Entry, form: Form) -> Iterator[str]:
    for name in ALWAYS:
        if name in form.labels:
            yield entry.problem(f"{name} is there always: leave it out", "labels")
    for name in form.label_limits:
        if name not in form.labels:
            text = f"is none of the labels{suggestion(name, form.labels)}"
            yield entry.problem(text, "label_limits", name)


def _source_flaws(entry: Entry, form: Form) -> Iterator[str]:
    """Give the names that are no group of the pattern, where one of nearly that name is."""
    groups = re.compile(form.pattern).groupindex if form.pattern else {}
    sources = {"labels": form.labels.values(), "where": form.where, "value": [form.value or ""]}
    for key, names in sources.items():
        for name in names:
            known = name in groups or name in OF_LINE
            if not known and (near := suggestion(name, [*groups])):
                yield entry.problem(f"names no group of the pattern{near}", key)


def _derived(name: str, kind: Literal["counter", "histogram"], form: Form) -> Derived:
    # Services are not a user's label: they are as many as there are.
    caps = {name: form.label_limits.get(name, LABEL_LIMIT) for name in form.labels}
    return Derived(
        name=name,
        kind=kind,
        help=form.help,
        services=form.service,
        stacks=form.stack,
        pattern=form.pattern,
        where=tuple(form.where.items()),
        labels=tuple(form.labels.items()),
        value=form.value,
        scale=form.scale,
        buckets=form.buckets or BUCKETS,
        limits=Limits(series=form.series_limit, labels=caps),
    )
