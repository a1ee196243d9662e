"""A user's metric at work: finds its lines in a group and counts them."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import isfinite
from operator import attrgetter
from typing import Any

from exporters.core.exposition import OTHER, Family, HistogramFamily, Labels, OnDrop, ValueFamily
from exporters.logs.derived.model import OF_LINE, Derived
from exporters.logs.derived.pattern import literal_of
from exporters.logs.model import Line

Match = re.Match[str] | None
Take = Callable[[Line, Match], str | None]
"""A source: what a line, or the match of the pattern in it, has; None where it has nothing."""

LONGEST = 4_096
"""Characters of a line that a pattern is tried on: what it may cost grows with their square."""
LONGEST_LABEL = 100
"""Characters of a label's value; a longer one is `other`."""

_PLAIN = re.compile(r"[A-Za-z0-9_-]+\Z")
_WORD = re.compile(r"[A-Za-z_-]{3,}\Z")


class Rule:
    """Counts the lines of one definition into its family.

    A line without this `literal` is none of them; empty where nothing is known. `rejected` is how
    many lines had no number that could be counted.
    """

    def __init__(self, derived: Derived, on_drop: OnDrop) -> None:
        self.derived = derived
        self.family = _family(derived, on_drop)
        self.slow = False
        self.rejected = 0
        pattern = re.compile(derived.pattern) if derived.pattern else None
        self._search = pattern.search if pattern else None
        groups = frozenset(pattern.groupindex) if pattern else frozenset[str]()
        self.literal = _literal(derived, groups)
        self._where = [
            (_taker(source, groups), frozenset(texts)) for source, texts in derived.where
        ]
        self._labels = [_taker(source, groups) for _, source in derived.labels]
        self._value = _taker(derived.value, groups) if derived.value else None

    def begin(self, service: str, stack: str) -> None:
        """Make the series of a service appear at 0, where it is known what it will be."""
        if self._labels:
            return
        if isinstance(self.family, HistogramFamily):
            self.family.add((service, stack), [0.0] * (len(self.derived.buckets) + 1), 0.0)
        elif isinstance(self.family, ValueFamily):
            self.family.inc((service, stack), 0)

    def count(self, lines: Iterable[Line]) -> None:
        """Count those of the lines that are meant."""
        literal = self.literal
        rows = self._rows([line for line in lines if literal in line.text])
        if isinstance(self.family, HistogramFamily):
            for labels, value in rows:
                self.family.observe(labels, value)
        elif isinstance(self.family, ValueFamily):
            sums: dict[Labels, float] = {}
            for labels, value in rows:
                sums[labels] = sums.get(labels, 0.0) + value
            self.family.add_many(sums.items())

    def _rows(self, lines: Sequence[Line]) -> Iterator[tuple[Labels, float]]:
        search = self._search
        for line in lines:
            match = search(line.text, 0, LONGEST) if search else None
            if (match is None and search) or not self._meant(line, match):
                continue
            value = self._number(line, match)
            if value is not None:
                labels = [_label(take(line, match)) for take in self._labels]
                yield (line.service, line.stack, *labels), value

    def _meant(self, line: Line, match: Match) -> bool:
        return all(take(line, match) in texts for take, texts in self._where)

    def _number(self, line: Line, match: Match) -> float | None:
        """Return what is to be counted; a line that has no such field is none of ours."""
        if self._value is None:
            return 1.0
        text = self._value(line, match)
        if text is None:
            return None
        try:
            number = float(text) * self.derived.scale
        except ValueError:
            number = -1.0
        if isfinite(number) and number >= 0:
            return number
        self.rejected += 1
        return None


def _family(derived: Derived, on_drop: OnDrop) -> Family[Any]:
    named = (derived.name, derived.help, derived.labelnames)
    if derived.kind == "histogram":
        return HistogramFamily(
            *named, buckets=derived.buckets, limits=derived.limits, on_drop=on_drop
        )
    return ValueFamily("counter", *named, limits=derived.limits, on_drop=on_drop)


def _taker(source: str, groups: frozenset[str]) -> Take:
    if source in groups:
        return lambda _, match: match[source] if match else None
    if source in OF_LINE:
        of_line: Callable[[Line], str] = attrgetter(source)
        return lambda line, _: of_line(line)
    return lambda line, _: line.fields.get(source)


def _label(text: str | None) -> str:
    return "" if text is None else text if len(text) <= LONGEST_LABEL else OTHER


def _literal(derived: Derived, groups: frozenset[str]) -> str:
    """Return a text that is in each line that is meant, however it is structured; a long one.

    A word that a field must have is in the line as it is, and so is the name of the field, at least
    behind its last dot (what is before it may be the name of a table around it). Words come first:
    other lines often have the same fields.
    """
    elsewhere = groups.union(OF_LINE)
    where = [(source, texts) for source, texts in derived.where if source not in elsewhere]
    words = [texts[0] for _, texts in where if len(texts) == 1 and _WORD.match(texts[0])]
    if derived.pattern:
        words.append(literal_of(derived.pattern))
    fields = [source for source, _ in where]
    if derived.value and derived.value not in elsewhere:
        fields.append(derived.value)
    names = [name for field in fields if _PLAIN.match(name := field.rpartition(".")[2])]
    return max(words, key=len, default="") or max(names, key=len, default="")
