"""Metrics that users make of lines: the kind `logs` of definitions."""

import logging
from collections.abc import Iterable, Sequence
from time import thread_time

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.definitions import Entry
from exporters.core.exposition import OnDrop, ValueFamily
from exporters.logs.derived.model import Derived
from exporters.logs.derived.parse import parse_derived
from exporters.logs.derived.rule import Rule
from exporters.logs.model import Line

__all__ = ["Derived", "LogMetrics"]

log = logging.getLogger(__name__)

SLOWEST = 0.25
"""Seconds of a processor that a definition may take for a group of lines of one service."""
_SLOWEST_LINE = 0.001
"""The same for each line of a large group."""
REASONS = ("no_number", "slow")

_REMEMBERED = 2_000
"""Services of which it is remembered which definitions concern them."""


class LogMetrics(Collector):
    """A `Kind` of definitions, a `Reader` of lines, and the collector of what was counted.

    A definition that did not change keeps its values, one that did starts anew, one that is gone
    leaves nothing behind.
    """

    word = "logs"

    def __init__(self, on_drop: OnDrop, slowest: float = SLOWEST) -> None:
        self._on_drop = on_drop
        self._slowest = slowest
        self._rules: dict[str, Rule] = {}
        self._concerned: dict[tuple[str, str], tuple[Rule, ...]] = {}
        self.rejected = ValueFamily(
            "counter",
            "log_metric_lines_rejected_total",
            "Lines that a user's log metric did not count, by reason: their value is no number of 0"
            " or more, or its pattern took too long and is no longer tried.",
            ("metric", "reason"),
        )

    def parse(self, entry: Entry, problems: list[str]) -> Derived | None:
        """See `Kind.parse`."""
        return parse_derived(entry, problems)

    def apply(self, definitions: Sequence[Derived]) -> None:
        """See `Kind.apply`."""
        before = self._rules
        self._rules = {
            one.name: before[one.name]
            if one.name in before and before[one.name].derived == one
            else Rule(one, self._on_drop)
            for one in definitions
        }
        self._concerned = {}
        for name in before.keys() - self._rules.keys():
            for reason in REASONS:
                self.rejected.remove((name, reason))
        for name in self._rules:
            for reason in REASONS:
                self.rejected.inc((name, reason), 0)

    def read(self, lines: Sequence[Line]) -> None:
        """See `Reader.read`."""
        if not self._rules:
            return
        groups: dict[tuple[str, str], list[Line]] = {}
        for line in lines:
            groups.setdefault((line.service, line.stack), []).append(line)
        for service, group in groups.items():
            rules = self._concerned.get(service)
            if rules is None:
                rules = self._look_up(*service)
            if rules:
                # One search over all texts is what most definitions cost.
                block = "\n".join([line.text for line in group])
                for rule in rules:
                    if rule.literal in block:
                        self._count(rule, group)

    def describe(self) -> Iterable[Metric]:
        """What is there always; users' names are checked where they are defined."""
        return (self.rejected,)

    def collect(self) -> Iterable[Metric]:
        """The families of every definition that counted something."""
        families = [self.rejected, *(rule.family for rule in self._rules.values())]
        return (family for family in families if len(family))

    def _look_up(self, service: str, stack: str) -> tuple[Rule, ...]:
        if len(self._concerned) >= _REMEMBERED:
            self._concerned = {}
        rules = tuple(r for r in self._rules.values() if r.derived.concerns(service, stack))
        for rule in rules:
            rule.begin(service, stack)
        self._concerned[service, stack] = rules
        return rules

    def _count(self, rule: Rule, lines: Sequence[Line]) -> None:
        name = rule.derived.name
        if rule.slow:
            self.rejected.inc((name, "slow"), len(lines))
            return
        started = thread_time()
        rule.count(lines)
        rule.slow = thread_time() - started > max(self._slowest, _SLOWEST_LINE * len(lines))
        if rule.slow:
            log.warning("%s: its pattern takes too long, and is no longer tried", name)
        if rule.rejected:
            self.rejected.inc((name, "no_number"), rule.rejected)
            rule.rejected = 0
