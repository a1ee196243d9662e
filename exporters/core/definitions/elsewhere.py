"""A kind of definitions that another process reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporters.core.definitions.model import Definition, Entry


@dataclass(slots=True)
class Elsewhere:
    """Leaves entries of a kind alone: they are no problem of their file, and not read here."""

    word: str

    def parse(self, entry: Entry, problems: list[str]) -> Definition | None:  # noqa: ARG002
        """See `Kind.parse`: the entry is nobody's here."""
        return None

    def apply(self, definitions: Sequence[Definition]) -> None:
        """See `Kind.apply`: there never is any."""
