"""Asks a workspace what users' metrics count, and makes label values of raw ones."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from exporters.core.exposition import OTHER, Labels
from exporters.fastly.derived.model import Counted, Derived
from exporters.fastly.derived.sql import question
from exporters.fastly.measure.hosts import Hosts
from exporters.fastly.measure.labels import cache_of, continent_of, country_of, pop_of, protocol_of

LONGEST_LABEL = 100
"""Characters of a label's value; a longer one is `other`."""

Cleaned = Callable[[Any], str]


class Rows(Protocol):
    """What answers a query: a `measure.workspace.Workspace`."""

    def rows(self, sql: str) -> list[Any]:
        """Return its rows."""


def count(workspace: Rows, several: Sequence[Derived], hosts: Hosts) -> list[Counted]:
    """Return what the lines in `taken` add to each metric. Raises MeasureError."""
    cleaned = _cleaned(hosts)
    return [_count(one, workspace.rows(question(one)), cleaned) for one in several]


def _count(derived: Derived, rows: Sequence[Any], cleaned: Mapping[str, Cleaned]) -> Counted:
    clean = [cleaned.get(source, _text) for _, source in derived.labels]
    width = len(clean)

    def labels(row: Sequence[Any]) -> Labels:
        return tuple(each(value) for each, value in zip(clean, row[:width], strict=True))

    if derived.kind == "counter":
        amounts: Counter[Labels] = Counter()
        for row in rows:
            amounts[labels(row)] += row[width]
        return Counted(derived, amounts=list(amounts.items()))
    counts: dict[Labels, list[float]] = defaultdict(lambda: [0.0] * (len(derived.buckets) + 1))
    totals: Counter[Labels] = Counter()
    for row in rows:
        bucket, observations, total = row[width:]
        counts[labels(row)][bucket] += observations
        totals[labels(row)] += total
    return Counted(
        derived, observations=[(key, cells, totals[key]) for key, cells in counts.items()]
    )


def _cleaned(hosts: Hosts) -> Mapping[str, Cleaned]:
    return {
        "host": hosts.label,
        "cache": cache_of,
        "country": country_of,
        "continent": lambda text: continent_of(text, None),
        "pop": pop_of,
        "protocol": protocol_of,
    }


def _text(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST_LABEL else OTHER
