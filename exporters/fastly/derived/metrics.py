"""The kind `cdn` of definitions: which there are now, and the families of what they counted."""

from collections.abc import Iterable, Sequence
from typing import Any

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.definitions import Entry
from exporters.core.exposition import Family, HistogramFamily, OnDrop, ValueFamily
from exporters.fastly.derived.model import Counted, Derived
from exporters.fastly.derived.parse import parse_derived


class CdnMetrics(Collector):
    """A `Kind` of definitions, what measurers ask for, and the collector of what was counted.

    A definition that did not change keeps its values, one that did starts anew, one that is gone
    leaves nothing behind. `current` may be read in any thread; the rest is the event loop's.
    """

    word = "cdn"

    def __init__(self, on_drop: OnDrop) -> None:
        self._on_drop = on_drop
        self._families: dict[str, Family[Any]] = {}
        self.current: tuple[Derived, ...] = ()

    def parse(self, entry: Entry, problems: list[str]) -> Derived | None:
        """See `Kind.parse`."""
        derived = parse_derived(entry, problems)
        if derived and derived.pattern and not _understood(derived):
            wish = "wants a pattern without lookaround and back-references"
            problems.append(entry.problem(wish, "pattern"))
            return None
        return derived

    def apply(self, definitions: Sequence[Derived]) -> None:
        """See `Kind.apply`."""
        before = {one.name: self._families[one.name] for one in self.current if one in definitions}
        self._families = {
            one.name: before[one.name] if one.name in before else _family(one, self._on_drop)
            for one in definitions
        }
        self.current = tuple(definitions)

    def add(self, counted: Iterable[Counted]) -> None:
        """Add what lines came to; what nobody asks for any more is left."""
        for one in counted:
            family = self._families[one.derived.name] if one.derived in self.current else None
            if isinstance(family, HistogramFamily):
                family.add_many(one.observations)
            elif isinstance(family, ValueFamily):
                family.add_many(one.amounts)

    def describe(self) -> Iterable[Metric]:
        """Nothing: users' names are checked where they are defined."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The families of every definition that counted something."""
        return [family for family in self._families.values() if len(family)]


def _family(derived: Derived, on_drop: OnDrop) -> Family[Any]:
    named = (derived.name, derived.help, derived.labelnames)
    if derived.kind == "histogram":
        histogram = HistogramFamily(
            *named, buckets=derived.buckets, limits=derived.limits, on_drop=on_drop
        )
        if not derived.labels:
            histogram.add((), [0.0] * (len(derived.buckets) + 1), 0.0)
        return histogram
    counter = ValueFamily("counter", *named, limits=derived.limits, on_drop=on_drop)
    if not derived.labels:
        counter.inc((), 0)
    return counter


def _understood(derived: Derived) -> bool:
    """Whether DuckDB reads the pattern too: it has neither lookaround nor back-references."""
    from exporters.fastly.measure.patterns import understood  # noqa: PLC0415  DuckDB takes memory

    return understood(derived.pattern or "", derived.groups)
