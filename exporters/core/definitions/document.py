"""YAML without its guesses: every scalar is text, every place knows its line, nothing is run."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeAlias

import yaml

Value: TypeAlias = str | list["Value"] | dict[str, "Value"] | None
Table: TypeAlias = dict[str, Value]
Path: TypeAlias = tuple[str | int, ...]
"""The keys and list positions that lead to a place in a document."""

DEEPEST = 12
"""Levels of a document: three times what a definition needs."""
MOST = 50_000
"""Nodes of a document, aliases counted each time: what expands without end is refused."""

_TAG = "tag:yaml.org,2002:"
_PLAIN = frozenset(_TAG + kind for kind in ("str", "int", "float", "bool", "timestamp", "value"))
_NULL, _MERGE, _LIST, _TABLE = (_TAG + kind for kind in ("null", "merge", "seq", "map"))
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something in a document that cannot be read, and where."""

    path: Path
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """What a text holds, as far as it can be read: `data` has None in the place of each flaw."""

    data: Value
    lines: Mapping[Path, int]
    flaws: tuple[Flaw, ...] = ()


def read_document(text: str) -> Document:
    """Return the one document of a YAML text; whatever the text, nothing is raised.

    A key is text even if YAML 1.1 takes it for something else (`no`, `1`), and so is a value. An
    empty value is None. Duplicate keys and tags are flaws; aliases and merge keys are followed.
    """
    too_much = Document(None, {}, (Flaw((), 1, "is nested too deeply or too large"),))
    if _nesting(text) > 10 * DEEPEST:
        return too_much  # PyYAML would find it out too, after minutes
    reader = _Reader()
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = None if node is None else reader.value(node, ())
    except yaml.YAMLError as error:
        return Document(None, {}, (_not_yaml(error),))
    except (ValueError, OverflowError):  # PyYAML's own, for numbers in escapes and directives
        return Document(None, {}, (Flaw((), 1, "is not YAML: an escape or directive is wrong"),))
    except (RecursionError, _Endless):
        return too_much
    return Document(data, reader.lines, tuple(reader.flaws))


class _Endless(Exception):
    """The document has more nodes or levels than anybody writes."""


class _Reader:
    """Walks the nodes of a document once."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.flaws: list[Flaw] = []
        self._left = MOST

    def value(self, node: yaml.Node, path: Path) -> Value:
        self._left -= 1
        if self._left < 0 or len(path) > DEEPEST:
            raise _Endless
        self.lines.setdefault(path, _line(node))
        if isinstance(node, yaml.MappingNode) and node.tag == _TABLE:
            return self._table(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == _LIST:
            return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
        if node.tag == _NULL:
            return None
        return self._text(node, path)

    def _table(self, node: yaml.MappingNode, path: Path) -> Table:
        table = self._merged(node, path)
        seen = set()
        for key, value in node.value:
            if key.tag == _MERGE:
                continue
            name = self._text(key, path)
            if name is None:
                continue
            place = (*path, name)
            if name in seen:
                self._flaw(place, key, "is there twice")
                continue
            seen.add(name)
            self.lines[place] = _line(key)
            table[name] = self.value(value, place)
        return table

    def _merged(self, node: yaml.MappingNode, path: Path) -> Table:
        """Return what `<<` brings; of several tables the first has the last word."""
        table: Table = {}
        for source in reversed(list(_sources(node))):
            below = self.value(source, path)
            if isinstance(below, dict):
                table |= below
            else:
                self._flaw(path, source, "<<: wants a table of keys")
        return table

    def _text(self, node: yaml.Node, path: Path) -> str | None:
        if not isinstance(node, yaml.ScalarNode) or node.tag not in _PLAIN:
            self._flaw(path, node, "wants plain text: no tags, and nothing nested as a key")
        elif _NO_TEXT.search(node.value):
            self._flaw(path, node, "holds a character that is no text")
        else:
            return str(node.value)
        return None

    def _flaw(self, path: Path, node: yaml.Node, text: str) -> None:
        self.flaws.append(Flaw(path, _line(node), text))


def _nesting(text: str) -> int:
    """Return about how deep the brackets of a text nest, those in texts of values included."""
    return max(accumulate((c in "[{") - (c in "]}") for c in text), default=0)


def _sources(node: yaml.MappingNode) -> Iterator[yaml.Node]:
    for key, value in node.value:
        if key.tag == _MERGE:
            yield from value.value if isinstance(value, yaml.SequenceNode) else (value,)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _not_yaml(error: yaml.YAMLError) -> Flaw:
    """Say what the library says, without what it quotes: that may be anything."""
    mark = getattr(error, "problem_mark", None)
    said = str(getattr(error, "problem", None) or "a character is not allowed")
    said = re.sub(r"'[^']*'|\"[^\"]*\"", "…", said).splitlines()[0]
    return Flaw((), 1 if mark is None else int(mark.line) + 1, f"is not YAML: {said}")
