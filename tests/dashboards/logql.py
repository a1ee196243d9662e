"""A strict check of the LogQL that dashboards use: its grammar, its labels, its windows."""

import re
from collections.abc import Iterator

STREAM_LABELS = {"service", "stack", "host", "stream"}
"""Of our streams; everything else is structured metadata."""
_TOKEN = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*")
    |(?P<range>\[(?:\$__auto|\$__range|\d+[smhd])\])
    |(?P<name>[a-zA-Z_]\w*)
    |(?P<number>\d+(?:\.\d+)?)
    |(?P<sign>\|=|\|~|=~|!~|!=|>=|<=|[-+*/=<>,(){}|])
    |(?P<space>\s+)""",
    re.VERBOSE,
)
_AGGREGATIONS = {"sum", "max", "min", "avg", "count", "topk"}
_OVER_RANGE = {"rate", "count_over_time", "max_over_time", "bytes_rate"}
_UNWRAPPED = {"max_over_time"}


class Malformed(AssertionError):
    """No LogQL, or more of it than our dashboards need."""


def labels_of(text: str) -> set[str]:
    """Return the names of structured metadata that a query reads; Malformed where it is none."""
    parser = _Parser(text)
    parser.expression()
    parser.expect("")
    return parser.metadata


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = [*_tokens(text), ("end", "")]
        self.metadata: set[str] = set()

    def expect(self, text: str) -> None:
        kind, found = self._tokens.pop(0)
        if found != text or (text and kind == "string"):
            raise Malformed(f"wants {text or 'the end'}, found {found or 'the end'}")

    def _take(self, kind: str) -> str:
        found, text = self._tokens.pop(0)
        if found != kind:
            raise Malformed(f"wants a {kind}, found {text or 'the end'}")
        return text

    def _next(self) -> str:
        return self._tokens[0][1]

    def expression(self) -> None:
        if self._next() == "{":
            self._selector()
            self._pipeline()
        else:
            self._metric()

    def _metric(self) -> None:
        name = self._take("name")
        if name in _OVER_RANGE:
            self.expect("(")
            self._selector()
            unwrapped = self._pipeline()
            if unwrapped != (name in _UNWRAPPED):
                raise Malformed(f"{name} and unwrap do not go together")
            self._take("range")
            self.expect(")")
        elif name in _AGGREGATIONS:
            self._aggregation(name)
        else:
            raise Malformed(f"no such function: {name}")

    def _aggregation(self, name: str) -> None:
        if self._next() in {"by", "without"}:
            self._take("name")
            self._names()
        self.expect("(")
        if name == "topk":
            self._take("number")
            self.expect(",")
        self._metric()
        self.expect(")")

    def _names(self) -> None:
        self.expect("(")
        while True:
            self._reads(self._take("name"))
            if self._next() != ",":
                break
            self.expect(",")
        self.expect(")")

    def _reads(self, label: str) -> None:
        if label not in STREAM_LABELS:
            self.metadata.add(label)

    def _selector(self) -> None:
        self.expect("{")
        kept = False
        while True:
            label, sign, value = self._take("name"), self._take("sign"), self._take("string")
            if label not in STREAM_LABELS or sign not in {"=", "=~", "!=", "!~"}:
                raise Malformed(f"{label} {sign}: no matcher of a stream")
            kept |= sign == "=" or (sign == "=~" and not re.fullmatch(value[1:-1], ""))
            if self._next() != ",":
                break
            self.expect(",")
        if not kept:
            raise Malformed("Loki refuses a selector that an empty stream would match")
        self.expect("}")

    def _pipeline(self) -> bool:
        unwrapped = False
        while self._next() in {"|", "|=", "!=", "|~", "!~"}:
            if self._take("sign") != "|":
                self._take("string")
                continue
            name = self._take("name")
            if name == "unwrap":
                self._reads(self._take("name"))
                unwrapped = True
            else:
                self._reads(name)
                if self._take("sign") not in {"=", "!=", "=~", "!~", ">", ">=", "<", "<="}:
                    raise Malformed(f"{name}: wants a comparison")
                self._tokens.pop(0)
        return unwrapped


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise Malformed(f"no LogQL at: {text[at : at + 30]}")
        if match.lastgroup != "space":
            yield match.lastgroup or "", match[0]
        at = match.end()
