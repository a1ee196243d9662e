"""What the keys of any definition may hold: pure checks, each with what it wants in words."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from exporters.core.definitions.model import Entry
from exporters.core.settings.model import wants
from exporters.core.settings.problems import suggestion

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,199}")


def is_name(text: str) -> bool:
    """Return whether a metric or a label may be called so, in every format, unescaped."""
    return bool(_NAME.fullmatch(text))


def metric_flaw(name: str) -> str:
    """Return what a metric should be called instead, or nothing where the name will do."""
    if not is_name(name):
        return "a name of letters, digits and underscores, not beginning with a digit"
    if name.startswith("nearfield_"):
        return "a name without nearfield_: Nearfield's own metrics begin so"
    for ending in ("_bucket", "_count", "_sum", "_created", "_info"):
        if name.endswith(ending):
            return f"a name without the ending {ending}: other types of metrics own it"
    return ""


def label(value: object) -> str:
    """Return the name of a label; or raise what is shown as `wants …`."""
    if isinstance(value, str) and is_name(value) and not value.startswith("__") and value != "le":
        return value
    raise wants("a name of letters, digits and underscores; le and __ are reserved")


def _text(value: object) -> str:
    if isinstance(value, str) and (text := value.strip()):
        return text
    raise wants("text")


Label = Annotated[str, BeforeValidator(label)]
Text = Annotated[str, BeforeValidator(_text)]
Cap = Annotated[int, Field(ge=1, le=10_000_000)]


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _by_label(value: object) -> object:
    return {name: name for name in value} if isinstance(value, list) else value


def _labels(sources: dict[str, str]) -> dict[str, str]:
    return {label(name): source for name, source in sources.items()}


def _ascending(bounds: tuple[float, ...]) -> tuple[float, ...]:
    if not bounds or bounds[0] < 0 or not all(low < high for low, high in pairwise(bounds)):
        raise wants("numbers that ascend, from 0 or more on")
    return bounds


MetricType = Literal["counter", "histogram"]
Names = Annotated[tuple[Text, ...], BeforeValidator(_one_or_more)]
"""A text, or a list of texts."""
Sources = Annotated[dict[str, Text], BeforeValidator(_by_label), AfterValidator(_labels)]
"""Labels, and what each is taken from; a list where the names are the same."""
Number = Annotated[float, Field(allow_inf_nan=False)]
Buckets = Annotated[tuple[Number, ...], Field(max_length=50), AfterValidator(_ascending)]
"""Upper bounds of a histogram, without infinity."""

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds where a histogram names none: those of `prometheus_client`, for seconds."""


def type_of(name: str, chosen: MetricType | None) -> MetricType:
    """Return the type of a metric that is made of what comes by: by its name, if it is not said."""
    return chosen or ("counter" if name.endswith("_total") else "histogram")


def type_flaws(entry: Entry, kind: MetricType, buckets: Buckets | None) -> Iterator[str]:
    """Yield what does not fit in the name and the buckets of a metric of this type."""
    if flaw := metric_flaw(entry.name):
        yield entry.problem(f"wants {flaw}")
    if kind == "counter" and not entry.name.endswith("_total"):
        yield entry.problem("wants a name that ends in _total for a counter")
    if kind == "histogram" and entry.name.endswith("_total"):
        yield entry.problem("wants a name without _total for a histogram")
    if kind == "counter" and buckets:
        yield entry.problem("are for histograms, and this is a counter", "buckets")


def cap_flaws(entry: Entry, labels: Mapping[str, str], caps: Mapping[str, int]) -> Iterator[str]:
    """Yield the caps that are of no label."""
    for name in caps:
        if name not in labels:
            text = f"is none of the labels{suggestion(name, labels)}"
            yield entry.problem(text, "label_limits", name)


def sample_names(name: str, kind: MetricType) -> tuple[str, ...]:
    """Return every name that a metric takes on the page, in both formats."""
    if kind == "histogram":
        return tuple(name + suffix for suffix in ("", "_bucket", "_sum", "_count"))
    return (name, name.removesuffix("_total"))
