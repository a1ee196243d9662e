"""Small kinds of definitions to test the shared part with."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporters.core.definitions import Entry
from exporters.core.settings import Section


class Form(Section):
    path: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tap:
    """What the kind makes of an entry; `also` are further names that it takes."""

    name: str
    path: str
    also: tuple[str, ...] = ()

    @property
    def samples(self) -> Sequence[str]:
        return (self.name, *self.also)


class Taps:
    """A kind that keeps what it was told to apply."""

    def __init__(self, word: str = "sql") -> None:
        self.word = word
        self.applied: list[list[Tap]] = []

    def parse(self, entry: Entry, problems: list[str]) -> Tap | None:
        form = entry.read(Form, problems, entry.table)
        return Tap(entry.name, form.path, form.also) if form else None

    def apply(self, definitions: Sequence[Tap]) -> None:
        self.applied.append(list(definitions))

    @property
    def names(self) -> list[str]:
        return [tap.name for tap in self.applied[-1]]
