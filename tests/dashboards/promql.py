"""What a PromQL query names: metrics, their matchers, labels it groups by. No full parser."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<range>\[[^\]]*\])
    |(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
    |(?P<number>\d[\w.]*)
    |(?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^=<>,(){}@])
    |(?P<space>\s+)""",
    re.VERBOSE,
)
_GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_WORDS = {*_GROUPING, "and", "or", "unless", "bool", "offset", "inf", "nan"}


@dataclass(frozen=True)
class Selector:
    metric: str
    matchers: tuple[tuple[str, str, str], ...]
    range: str
    functions: tuple[str, ...]
    """The functions around it, the innermost last."""


@dataclass(frozen=True)
class Query:
    selectors: tuple[Selector, ...]
    grouping: frozenset[str]


def tokens(text: str) -> list[tuple[str, str]]:
    """Return kind and text of every token; fails on what is none."""
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match, f"no PromQL at: {text[at : at + 30]}"
        if match.lastgroup != "space":
            found.append((match.lastgroup or "", match[0]))
        at = match.end()
    return found


def parse(text: str) -> Query:
    """Return what a query names."""
    reader = _Reader(tokens(text))
    selectors = tuple(reader.selectors())
    assert not reader.open, f"unbalanced: {text}"
    return Query(selectors, frozenset(reader.grouping))


class _Reader:
    def __init__(self, found: list[tuple[str, str]]) -> None:
        self._tokens = [*found, ("end", "")]
        self._at = 0
        self.grouping: set[str] = set()
        self.open: list[str] = []

    def selectors(self) -> Iterator[Selector]:
        while self._tokens[self._at][0] != "end":
            kind, text = self._tokens[self._at]
            self._at += 1
            if kind == "name":
                yield from self._name(text)
            elif text == "{":
                self._at -= 1
                yield self._selector("")
            elif text == "(":
                self.open.append("")
            elif text == ")":
                self.open.pop()

    def _name(self, text: str) -> Iterator[Selector]:
        following = self._tokens[self._at][1]
        if text in _GROUPING:
            if following == "(":
                self._labels()
        elif following == "(":
            self.open.append(text)
            self._at += 1
        elif following in {"by", "without"}:
            self._aggregation(text)
        elif text.lower() not in _WORDS:
            yield self._selector(text)

    def _aggregation(self, text: str) -> None:
        self._at += 1
        self._labels()
        assert self._tokens[self._at][1] == "("
        self._at += 1
        self.open.append(text)

    def _labels(self) -> None:
        assert self._tokens[self._at][1] == "("
        self._at += 1
        while (token := self._tokens[self._at])[1] != ")":
            assert token[0] != "end"
            if token[0] == "name":
                self.grouping.add(token[1])
            self._at += 1
        self._at += 1

    def _selector(self, metric: str) -> Selector:
        matchers = []
        if self._tokens[self._at][1] == "{":
            self._at += 1
            while (token := self._tokens[self._at])[1] != "}":
                if token[0] == "name":
                    operator, value = self._tokens[self._at + 1][1], self._tokens[self._at + 2][1]
                    matchers.append((token[1], operator, value[1:-1]))
                    self._at += 2
                self._at += 1
            self._at += 1
        window = self._tokens[self._at][1] if self._tokens[self._at][0] == "range" else ""
        around = tuple(name for name in self.open if name)
        return Selector(metric, tuple(matchers), window, around)
