"""An entry `from: logs` to the metric that it defines."""

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from exporters.core.definitions import Entry
from exporters.core.definitions.fields import (
    BUCKETS,
    Buckets,
    Cap,
    MetricType,
    Names,
    Number,
    Sources,
    Text,
    cap_flaws,
    type_flaws,
    type_of,
)
from exporters.core.exposition import Limits
from exporters.core.settings import Section, wants
from exporters.core.settings.problems import suggestion
from exporters.logs.derived.model import (
    ALWAYS,
    LABEL_LIMIT,
    OF_LINE,
    SERIES_LIMIT,
    Derived,
)
from exporters.logs.derived.pattern import repeats_repeats


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


Pattern = Annotated[Text, AfterValidator(_pattern)]


class Form(Section):
    """The keys of an entry."""

    help: Text
    type: MetricType | None = None
    service: Names = ()
    stack: Names = ()
    pattern: Pattern | None = None
    where: dict[str, Names] = Field(default_factory=dict)
    labels: Sources = Field(default_factory=dict)
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
    kind = type_of(entry.name, form.type)
    found = [
        *type_flaws(entry, kind, form.buckets),
        *_value_flaws(entry, form, kind),
        *_label_flaws(entry, form),
        *_source_flaws(entry, form),
    ]
    problems += found
    return None if found else _derived(entry.name, kind, form)


def _value_flaws(entry: Entry, form: Form, kind: str) -> Iterator[str]:
    if not (form.pattern or form.where or form.value):
        yield entry.problem("wants a pattern, where or value, which say what is counted")
    if kind == "histogram" and not form.value:
        yield entry.problem("wants a value, the number that a histogram is made of")
    if form.scale != 1.0 and not form.value:
        yield entry.problem("wants a value that it scales", "scale")


def _label_flaws(entry: Entry, form: Form) -> Iterator[str]:
    for name in ALWAYS:
        if name in form.labels:
            yield entry.problem(f"{name} is there always: leave it out", "labels")
    yield from cap_flaws(entry, form.labels, form.label_limits)


def _source_flaws(entry: Entry, form: Form) -> Iterator[str]:
    """Give the names that are no group of the pattern, where one of nearly that name is."""
    groups = re.compile(form.pattern).groupindex if form.pattern else {}
    sources = {"labels": form.labels.values(), "where": form.where, "value": [form.value or ""]}
    for key, names in sources.items():
        for name in names:
            known = name in groups or name in OF_LINE
            if not known and (near := suggestion(name, [*groups])):
                yield entry.problem(f"names no group of the pattern{near}", key)


def _derived(name: str, kind: MetricType, form: Form) -> Derived:
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
