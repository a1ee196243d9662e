"""Reading the YAML of a web configuration: text in, checked values out, every problem kept."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar

import yaml

from exporters.core.settings.problems import unknown

T = TypeVar("T")

_NULLS = ("", "~", "null", "Null", "NULL")
_FLAGS = {
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}


class _TwiceError(yaml.YAMLError):
    """A mapping has a name twice: Go's parser refuses that, PyYAML takes the last one."""


class _Loader(yaml.BaseLoader):
    """Makes text, lists and mappings only: a user named `yes` stays one, and no tag has power."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping, in which each name is there once."""
        seen: set[str] = set()
        for name in [name for name, _ in node.value if isinstance(name, yaml.ScalarNode)]:
            if name.value in seen:
                raise _TwiceError(f"line {name.start_mark.line + 1}: {shown(name.value)} again")
            seen.add(name.value)
        return dict(super().construct_mapping(node, deep=deep))


def read_yaml(text: bytes, problems: list[str]) -> object:
    """Return the one document of `text`, or None; a problem quotes no value.

    PyYAML lets more than its own errors out: recursion too deep, and numbers out of range in
    escapes and directives.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  a BaseLoader makes text only
    except _TwiceError as error:
        problems.append(str(error))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.append(f"line {mark.line + 1}: is not YAML" if mark else "is not YAML")
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError):
        problems.append("is not YAML")
    return None


class Fields:
    """The values of one mapping of the file, of which only `names` may be there, if given.

    Asking for a value checks it. What is wrong goes to `problems` as `path.name: what is wanted`,
    and the default is given in its place, so that one reading finds everything.
    """

    def __init__(
        self, value: object, path: str, problems: list[str], names: Collection[str] | None = None
    ) -> None:
        self._path = path
        self._problems = problems
        self._values: dict[str, object] = {}
        if isinstance(value, dict):
            self._values = {str(name): item for name, item in value.items()}
        elif value is not None and value not in _NULLS:
            problems.append(f"{path}: " * bool(path) + "wants a mapping of names and values")
        if names is not None:
            strangers = [name for name in self._values if name not in names]
            problems += [unknown(self._place(name), name, names) for name in strangers]

    def __iter__(self) -> Iterator[str]:
        """Give the names that are there."""
        return iter(self._values)

    def wrong(self, name: str, what: str) -> None:
        """Keep a problem with the value of `name`."""
        self._problems.append(f"{self._place(name)}: {what}")

    def section(self, name: str, names: Collection[str] | None = None) -> "Fields":
        """Return the mapping under `name`, empty where there is none."""
        return Fields(self._values.get(name), self._place(name), self._problems, names)

    def text(self, name: str) -> str:
        """Return the text under `name`, or nothing where it is absent or blank."""
        value = self._values.get(name, "")
        if not isinstance(value, str) or not _usable(value):
            self.wrong(name, "wants text")
            return ""
        return "" if value in _NULLS else value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts listed under `name`."""
        value = self._values.get(name, "")
        if isinstance(value, str) and value in _NULLS:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) and _usable(v) for v in value):
            self.wrong(name, "wants a list of texts")
            return ()
        if not value:
            self.wrong(name, "is an empty list; name something in it, or leave it out")
        return tuple(value)

    def flag(self, name: str, default: bool) -> bool:
        """Return the boolean under `name`, spelt in any way that YAML 1.1 has."""
        value = self.text(name)
        if value and value not in _FLAGS:
            self.wrong(name, "wants true or false")
        return _FLAGS.get(value, default)

    def choice(self, name: str, choices: Mapping[str, T], default: T) -> T:
        """Return what the word under `name` stands for."""
        value = self.text(name)
        if value and value not in choices:
            self.wrong(name, f"wants one of {', '.join(choices)}")
        return choices.get(value, default)

    def _place(self, name: str) -> str:
        return f"{self._path}.{shown(name)}" if self._path else shown(name)


def shown(name: str) -> str:
    """Return a name as a problem may show it: one line of bounded length."""
    return name if name.isprintable() and len(name) < 80 else "…"


def _usable(value: str) -> bool:
    """Whether a text can be encoded, and is not cut short by the first system call it meets."""
    return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
