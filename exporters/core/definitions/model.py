"""What a definition is: an entry of a file, read by the kind that its `from` names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from exporters.core.definitions.document import Path, Table
from exporters.core.settings.problems import suggestion, wanted


class Definition(Protocol):
    """What a kind makes of an entry: a frozen value, equal to another that asks for the same."""

    @property
    def name(self) -> str:
        """The name of the entry; there is no second of the same name in any file."""

    @property
    def samples(self) -> Sequence[str]:
        """Every name that it brings to the page, suffixes such as `_total` included."""


D = TypeVar("D", bound=Definition)
M = TypeVar("M", bound=BaseModel)


class Kind(Protocol[D]):
    """What an exporter hands in so that users may define metrics from its source."""

    word: str
    """What stands behind `from`."""

    def parse(self, entry: "Entry", problems: list[str]) -> D | None:
        """Return the definition; or None, and say in `problems` why not. Pure."""

    def apply(self, definitions: Sequence[D]) -> None:
        """Take these from now on, and only these; called again at each change of a file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a file as it was written: all scalars are text."""

    file: str
    """The file's name as people are told it."""
    name: str
    table: Table = field(repr=False)
    lines: Mapping[Path, int] = field(repr=False)

    def problem(self, text: str, *path: str | int) -> str:
        """Return the line for something wrong in this entry; `text` must not quote a value."""
        return problem(self.file, self.lines, (self.name, *path), text)

    def read(self, model: type[M], problems: list[str], table: object, path: Path = ()) -> M | None:
        """Return `table`, which stands at `path`, as a model; or None with all its problems."""
        try:
            return model.model_validate(table)
        except ValidationError as error:
            for found in error.errors():
                *place, key = (*path, *found["loc"]) or (None,)
                if found["type"] == "extra_forbidden":
                    names = [field.alias or name for name, field in model.model_fields.items()]
                    text = "unknown key" + suggestion(str(key), names)
                else:
                    text = wanted(found)
                problems.append(self.problem(text, *place, *(() if key is None else (key,))))
            return None


@dataclass(frozen=True, slots=True)
class Placed:
    """A definition, its kind, and where it stands."""

    word: str
    definition: Definition
    file: str
    line: int = field(compare=False)

    def problem(self, text: str) -> str:
        """Return the line for something wrong with the whole definition."""
        return f"{self.file}:{self.line}: {self.definition.name}: {text}"


@dataclass(frozen=True, slots=True)
class Parsed:
    """One reading of one file: what is good in it, and what is not."""

    placed: tuple[Placed, ...] = ()
    problems: tuple[str, ...] = ()


def problem(file: str, lines: Mapping[Path, int], path: Path, text: str) -> str:
    """Return `file:line: path: text`, with the line of the nearest place that has one."""
    place = path
    while place and place not in lines:
        place = place[:-1]
    line = lines.get(place, 1)
    dotted = ".".join(_printed(part) for part in path)
    return f"{file}:{line}: {dotted}: {text}" if dotted else f"{file}:{line}: {text}"


def _printed(part: str | int) -> str:
    text = str(part)
    return text if text.isprintable() and 0 < len(text) <= 100 else "…"
