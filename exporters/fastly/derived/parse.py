"""An entry `from: cdn` to the metric that it defines."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from exporters.core.definitions import Entry
from exporters.core.definitions.fields import (
    BUCKETS,
    Buckets,
    Cap,
    MetricType,
    Names,
    Sources,
    Text,
    cap_flaws,
    type_flaws,
    type_of,
)
from exporters.core.exposition import Limits
from exporters.core.settings import Section, wants
from exporters.core.settings.problems import suggestion
from exporters.fastly.derived.model import (
    FIELDS,
    LABEL_LIMIT,
    NUMBERS,
    SERIES_LIMIT,
    Derived,
)


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise wants(f"a regular expression, and stumbles at character {error.pos}") from None
    except (RecursionError, OverflowError):
        raise wants("a shorter regular expression") from None
    return text


class Form(Section):
    """The keys of an entry."""

    help: Text
    type: MetricType | None = None
    pattern: Annotated[Text, AfterValidator(_pattern)] | None = None
    where: dict[str, Names] = Field(default_factory=dict)
    labels: Sources = Field(default_factory=dict)
    value: Literal["bytes", "seconds"] | None = None
    buckets: Buckets | None = None
    series_limit: Cap = SERIES_LIMIT
    label_limits: dict[str, Cap] = Field(default_factory=dict)


def parse_derived(entry: Entry, problems: list[str]) -> Derived | None:
    """Return the metric; or None, and say in `problems` why not. Pure."""
    form = entry.read(Form, problems, entry.table)
    if form is None:
        return None
    kind = type_of(entry.name, form.type)
    groups = tuple(re.compile(form.pattern).groupindex) if form.pattern else ()
    found = [
        *type_flaws(entry, kind, form.buckets),
        *_value_flaws(entry, form, kind),
        *_field_flaws(entry, form, groups),
    ]
    problems += found
    return None if found else _derived(entry.name, kind, form, groups)


def _value_flaws(entry: Entry, form: Form, kind: MetricType) -> Iterator[str]:
    if kind == "histogram" and not form.value:
        numbers = " or ".join(NUMBERS)
        yield entry.problem(f"wants a value, {numbers}, of which a histogram is made")
    if not (form.pattern or form.where):
        yield entry.problem("wants a pattern or where, which say what is counted")


def _field_flaws(entry: Entry, form: Form, groups: tuple[str, ...]) -> Iterator[str]:
    for name in form.where:
        if name not in FIELDS:
            yield entry.problem(f"is no field{suggestion(name, FIELDS)}", "where", name)
    for name, source in form.labels.items():
        if source not in FIELDS and source not in groups:
            known = (*FIELDS, *groups)
            text = f"names no field and no group of the pattern{suggestion(source, known)}"
            yield entry.problem(text, "labels", name)
    yield from cap_flaws(entry, form.labels, form.label_limits)


def _derived(name: str, kind: MetricType, form: Form, groups: tuple[str, ...]) -> Derived:
    caps = {name: form.label_limits.get(name, LABEL_LIMIT) for name in form.labels}
    return Derived(
        name=name,
        kind=kind,
        help=form.help,
        pattern=form.pattern,
        groups=groups,
        where=tuple(form.where.items()),
        labels=tuple(form.labels.items()),
        value=form.value,
        buckets=form.buckets or BUCKETS,
        limits=Limits(series=form.series_limit, labels=caps),
    )
