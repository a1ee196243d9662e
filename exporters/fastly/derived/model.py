"""A metric that a user makes of the log stream, as a frozen value, and what lines add to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporters.core.definitions.fields import MetricType, sample_names
from exporters.core.exposition import Labels, Limits

SERIES_LIMIT = 2_000
LABEL_LIMIT = 200

FIELDS = ("host", "method", "status", "cache", "country", "continent", "pop", "protocol")
"""What may be asked for and become a label: each is one of a short list, whatever a line says.

Addresses, agents, paths and queries are not among them (DESIGN 3.7): of a path only named groups
of the user's pattern become labels.
"""
NUMBERS = ("bytes", "seconds")
"""What can be added up or observed: bytes of the body, how long the request took."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A counter or a histogram, and the requests that it counts; equal to one that counts the same.

    A source of a label is a named group of the pattern, which is searched in the path, or a field.
    """

    name: str
    kind: MetricType
    help: str
    pattern: str | None
    groups: tuple[str, ...]
    where: tuple[tuple[str, tuple[str, ...]], ...]
    """Fields, and the texts of which one must be there; a status may be a class such as 5xx."""
    labels: tuple[tuple[str, str], ...]
    """Labels, and their sources."""
    value: str | None
    """The number that is added or observed, one of NUMBERS; None adds 1."""
    buckets: tuple[float, ...]
    limits: Limits

    @property
    def labelnames(self) -> tuple[str, ...]:
        """The labels of the family."""
        return tuple(label for label, _ in self.labels)

    @property
    def samples(self) -> tuple[str, ...]:
        """Every name that it takes on the page, in both formats."""
        return sample_names(self.name, self.kind)


@dataclass(frozen=True, slots=True)
class Counted:
    """What some lines add to one metric: for each series the amount, or each bucket's."""

    derived: Derived
    amounts: Sequence[tuple[Labels, float]] = ()
    observations: Sequence[tuple[Labels, Sequence[float], float]] = ()
    """Labels, observations in each bucket with +Inf last, and their sum."""
