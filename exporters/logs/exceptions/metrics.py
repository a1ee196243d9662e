"""Names, help texts and labels of `log_exceptions_total` and what belongs to it."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.exposition import OTHER, Labels, Limits, OnDrop, Policy, ValueFamily

TYPES = 50
"""Types of one service, so that one that makes types up takes nobody else's places."""
SERVICES = 500

NEWEST = "log_exception_newest_timestamp_seconds"
SINCE_DEPLOY = "log_exception_kinds_since_deploy"
_SERVICE = ("service", "stack")


class ExceptionMetrics(Collector):
    """How many exceptions of which type there were, and how many the ledger never heard of."""

    def __init__(self, on_drop: OnDrop, types: int = TYPES) -> None:
        self.total = ValueFamily(
            "counter",
            "log_exceptions_total",
            "Exceptions in the logs of containers, by their type.",
            (*_SERVICE, "type"),
            limits=Limits(labels={"service": SERVICES, "stack": SERVICES}),
            on_drop=on_drop,
        )
        self.unrecorded = ValueFamily(
            "counter",
            "log_exceptions_unrecorded_total",
            "Exceptions that are counted and not in the ledger, which was away too long.",
        )
        self.unrecorded.inc((), 0)
        self._most = types
        self._types: dict[Labels, set[str]] = {}

    def collect(self) -> Iterable[Metric]:
        """Every family that has something to show."""
        return (family for family in self._families() if len(family))

    def describe(self) -> Iterable[Metric]:
        """Every family."""
        return self._families()

    def count(self, service: str, stack: str, kind: str) -> None:
        """Count one exception; types of a service over its share become `other`."""
        labels = (service, stack)
        if labels not in self._types and len(self._types) >= SERVICES:
            labels = (OTHER, OTHER)
        types = self._types.setdefault(labels, set())
        if kind not in types and len(types) >= self._most:
            kind = OTHER
        else:
            types.add(kind)
        self.total.inc((service, stack, kind))

    def _families(self) -> tuple[ValueFamily, ...]:
        return (self.total, self.unrecorded)


def ledger_families(on_drop: OnDrop) -> tuple[ValueFamily, ...]:
    """Return the gauges of what the ledger knows of each service, empty."""
    limits = Limits(series=SERVICES, label=SERVICES, policy=Policy.DROP)
    texts = {
        NEWEST: "When the youngest kind of exception of a service was first seen.",
        SINCE_DEPLOY: "Kinds of exceptions of a service that were first seen after its last deploy"
        " began; the same from every process.",
    }
    return tuple(
        ValueFamily("gauge", name, text, _SERVICE, limits=limits, on_drop=on_drop)
        for name, text in texts.items()
    )
