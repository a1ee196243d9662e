"""A metric that a user makes of lines, as a frozen value."""

from dataclasses import dataclass

from exporters.core.definitions.fields import MetricType, sample_names
from exporters.core.exposition import Limits

SERIES_LIMIT = 2_000
LABEL_LIMIT = 200

OF_LINE = ("service", "stack", "container", "stream", "level")
"""Names that every line has, whatever it says."""
ALWAYS = ("service", "stack")
"""Labels that every such metric has."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A counter or a histogram, and the lines that it counts; equal to one that counts the same.

    A source is a named group of the pattern, else what every line has, else a field.
    """

    name: str
    kind: MetricType
    help: str
    services: tuple[str, ...]
    """Whose lines; none: everybody's."""
    stacks: tuple[str, ...]
    pattern: str | None
    where: tuple[tuple[str, tuple[str, ...]], ...]
    """Sources, and the texts of which one must be there."""
    labels: tuple[tuple[str, str], ...]
    """The user's own labels, and their sources."""
    value: str | None
    """The source of the number that is added or observed; None adds 1."""
    scale: float
    buckets: tuple[float, ...]
    limits: Limits

    @property
    def labelnames(self) -> tuple[str, ...]:
        """The labels of the family."""
        return (*ALWAYS, *(label for label, _ in self.labels))

    @property
    def samples(self) -> tuple[str, ...]:
        """Every name that it takes on the page, in both formats."""
        return sample_names(self.name, self.kind)

    def concerns(self, service: str, stack: str) -> bool:
        """Whether it counts lines of a service."""
        return (not self.services or service in self.services) and (
            not self.stacks or stack in self.stacks
        )
