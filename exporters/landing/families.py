"""The families of the exporters that run, found by the names that dashboards know them by."""

from collections.abc import Collection, Iterable, Mapping

from exporters.core.exporter import Exporter
from exporters.core.exposition import ValueFamily

Families = Mapping[str, ValueFamily]
"""By full name: those that a scrape would show at this moment, with at least one series."""


class Shown:
    """Reads what a scrape would show of some families; it does no I/O either."""

    def __init__(self, exporters: Iterable[Exporter], wanted: Collection[str]) -> None:
        """Collectors that may never show one of the `wanted` names are not asked."""
        self._wanted = frozenset(wanted)
        self._collectors = [
            collector
            for exporter in exporters
            for collector in exporter.collectors
            if any(
                isinstance(family, ValueFamily) and family.full_name in self._wanted
                for family in getattr(collector, "describe", tuple)()
            )
        ]

    def read(self) -> Families:
        """Return the families that are there now."""
        return {
            family.full_name: family
            for collector in self._collectors
            for family in collector.collect()
            if isinstance(family, ValueFamily) and family.full_name in self._wanted and len(family)
        }
