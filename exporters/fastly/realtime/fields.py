"""What the API calls its measurements, and which family each belongs to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Label(NamedTuple):
    """What tells several measurements of one family apart."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Field:
    """A measurement of one second in one place of the CDN."""

    keys: tuple[str, ...]
    """Its names in the API, the first that is there is taken."""
    family: str
    """The family's name behind `fastly_rt_`, as fastly-exporter has it where it has it."""
    label: Label | None
    scale: float
    """What a number of the API is multiplied by to be in the family's unit."""
    always: bool
    """Whether its series are there from 0 on; others begin once there is something to count."""
    help: str
    """The family's sentence; empty but for the first field of a family."""


@cache
def fields() -> tuple[Field, ...]:
    """Return every measurement that is counted, those of a family together."""
    return tuple(_rows())


@cache
def by_key() -> Mapping[str, Sequence[Field]]:
    """Return what each name in the API is counted in: seldom more than one family."""
    found: dict[str, list[Field]] = {}
    for field in fields():
        for key in field.keys:
            found.setdefault(key, []).append(field)
    return found


def _rows() -> Iterator[Field]:
    table = files(__package__).joinpath("fields.tsv").read_text(encoding="utf-8")
    for line in table.splitlines():
        family, keys, label, scale, always, text = (line.split("\t") + [""] * 4)[:6]
        name, _, value = label.partition("=")
        yield Field(
            tuple(keys.split(",")),
            family,
            Label(name, value) if label else None,
            float(scale or 1),
            bool(always),
            text,
        )
