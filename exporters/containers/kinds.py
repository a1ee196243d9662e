"""What a family of containers is: how it is announced, and what a sample has for it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from exporters.containers.source import Sample
from exporters.core.exposition import ValueKind

BASE = ("id", "name", "image", "service", "stack")
"""Labels of all that a container brings; the chosen `container_label_…` come after them."""

Values = Iterable[tuple[tuple[str, ...], float]]
"""The values of the labels beyond `BASE`, and a number."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A family: how it is announced, and what a sample has for it."""

    name: str
    kind: ValueKind
    help: str
    of: Callable[[Sample], Values]
    labels: tuple[str, ...] = field(default=())


class One:
    """The rows of a family that has one number of a container, or none."""

    __slots__ = ("get", "labels")

    def __init__(self, get: Callable[[Sample], float | None], *labels: str) -> None:
        self.get = get
        self.labels = labels

    def __call__(self, sample: Sample) -> Values:
        """Return the row, if there is one."""
        value = self.get(sample)
        return () if value is None else ((self.labels, value),)
