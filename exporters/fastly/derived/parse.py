"""An entry `from: cdn` to the metric that it defines."""

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
from exporters.fastly.derived.model import (
    BUCKETS,
    FIELDS,
    LABEL_LIMIT,
    NUMBERS,
    SERIES_LIMIT,
    Derived,
)

_MOST_BUCKETS = 50


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _by_label(value: object) -> object:
    return {name: name for name in value} if isinstance(value, list) else value


def _names(labels: dict[str, str]) -> dict[str, str]:
    return {label(name): source for name, source in labels.items()}


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise wants(f"a regular expression, and stumbles at character {error.pos}") from None
    except (RecursionError, OverflowError):
        raise wants("a shorter regular expression") from None
    return text


def _ascending(bounds: tuple[float, ...]) -> tuple[float, ...]:
    if not bounds or bounds[0] < 0 or not all(low < high for low, high in pairwise(bounds)):
        raise wants("numbers that ascend, from 0 or more on")
    return bounds


Names = Annotated[tuple[Text, ...], BeforeValidator(_one_or_more), Field(min_length=1)]
Labels = Annotated[dict[str, Text], BeforeValidator(_by_label), AfterValidator(_names)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Buckets = Annotated[tuple[Number, ...], Field(max_length=_MOST_BUCKETS), AfterValidator(_ascending)]


class Form(Section):
    """The keys of an entry."""

    help: Text
    type: Literal["counter", "histogram"] | None = None
    pattern: Annotated[Text, AfterValidator(_pattern)] | None = None
    where: dict[str, Names] = Field(default_factory=dict)
    labels: Labels = Field(default_factory=dict)
    value: Literal["bytes", "seconds"] | None = None
    buckets: Buckets | None = None
    series_limit: Cap = SERIES_LIMIT
    label_limits: dict[str, Cap] = Field(default_factory=dict)


def parse_derived(entry: Entry, problems: list[str]) -> Derived | None:
    """Return the metric; or None, and say in `problems` why not. Pure."""
    form = entry.read(Form, problems, entry.table)
    if form is None:
        return None
    kind = form.type or ("counter" if entry.name.endswith("_total") else "histogram")
    groups = tuple(re.compile(form.pattern).groupindex) if form.pattern else ()
    found = [*_name_flaws(entry, form, kind), *_field_flaws(entry, form, groups)]
    problems += found
    return None if found else _derived(entry.name, kind, form, groups)


def _name_flaws(entry: Entry, form: Form, kind: str) -> Iterator[str]:
    if flaw := metric_flaw(entry.name):
        yield entry.problem(f"wants {flaw}")
    if kind == "counter" and not entry.name.endswith("_total"):
        yield entry.problem("wants a name that ends in _total for a counter")
    if kind == "histogram" and entry.name.endswith("_total"):
        yield entry.problem("wants a name without _total for a histogram")
    if kind == "histogram" and not form.value:
        numbers = " or ".join(NUMBERS)
        yield entry.problem(f"wants a value, {numbers}, of which a histogram is made")
    if kind == "counter" and form.buckets:
        yield entry.problem("are for histograms, and this is a counter", "buckets")
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
    for name in form.label_limits:
        if name not in form.labels:
            text = f"is none of the labels{suggestion(name, form.labels)}"
            yield entry.problem(text, "label_limits", name)


def _derived(
    name: str, kind: Literal["counter", "histogram"], form: Form, groups: tuple[str, ...]
) -> Derived:
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
