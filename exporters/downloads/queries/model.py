"""A user's SQL metrics as frozen values: one query, and what each of its columns becomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from exporters.core.exposition import Limits
from exporters.downloads.queries.versions import ANY, Range

Kind = Literal["gauge", "counter", "unknown", "histogram"]


class Reading(Enum):
    """How a cell becomes a number; see `cells`."""

    NUMBER = "number"
    LENIENT = "lenient"
    """A number, or text that is one."""
    DURATION = "duration"
    """Text as Go writes durations, to milliseconds."""
    MAPPED = "mapped"
    """Text that a mapping gives numbers to."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of values, and the metric family that it becomes."""

    name: str
    """As on the page: a counter's with `_total`."""
    kind: Kind
    help: str
    column: str | None
    """None: the one column that is no label. A histogram reads three more, by their suffixes."""
    reading: Reading = Reading.NUMBER
    mapping: Mapping[str, float] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it needs by name."""
        if self.column is None:
            return ()
        suffixes = ("", "_bucket", "_sum", "_count") if self.kind == "histogram" else ("",)
        return tuple(self.column + suffix for suffix in suffixes)

    @property
    def samples(self) -> tuple[str, ...]:
        """Every name that it takes on the page, in both formats."""
        if self.kind == "histogram":
            return tuple(self.name + suffix for suffix in ("", "_bucket", "_sum", "_count"))
        return tuple({self.name: None, self.name.removesuffix("_total"): None})


@dataclass(frozen=True, slots=True)
class Query:
    """One SQL query that runs on an interval; equal to another that asks and serves the same."""

    name: str
    sql: str = field(repr=False)
    database: str
    interval: float
    deadline: float
    labels: tuple[str, ...]
    """Columns, in the order of the labels."""
    measures: tuple[Measure, ...]
    limits: Limits
    server: Range = ANY
    """The versions of PostgreSQL on which it runs; on others it gives no rows."""

    @property
    def samples(self) -> tuple[str, ...]:
        """Every name that it takes on the page."""
        return tuple(sample for measure in self.measures for sample in measure.samples)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where an entry says nothing."""

    interval: float
    deadline: float
    limits: Limits
    databases: tuple[str, ...]
    """The names that can be asked for; the first is meant where there is none."""
