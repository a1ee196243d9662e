"""The families of our own about containers: sockets, states, health, shares of the CPU."""

from collections.abc import Iterable

from exporters.containers.kinds import Values
from exporters.containers.source import Sample
from exporters.core.exposition import HistogramFamily, Limits, OnDrop, Row, ValueFamily
from exporters.docker.model import HEALTHS, STATES, Container

_NAMED = ("name", "service", "stack")
_BUCKETS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0, 2.0, 4.0, 8.0)


def families(limits: Limits, on_drop: OnDrop) -> list[ValueFamily]:
    """Return the gauges of sockets, states and health, empty."""

    def gauge(name: str, text: str, *labels: str) -> ValueFamily:
        return ValueFamily("gauge", name, text, labels, limits=limits, on_drop=on_drop)

    return [
        gauge(
            "container_sockets",
            "Sockets of a container with a network of its own; what never comes down is a leak.",
            *(*_NAMED, "protocol", "state"),
        ),
        gauge(
            "container_state",
            "The engine's word for a container: 1 at its state.",
            *_NAMED,
            "state",
        ),
        gauge(
            "container_health", "What the health check says, where there is one.", *_NAMED, "state"
        ),
    ]


def utilization(limits: Limits, on_drop: OnDrop) -> HistogramFamily:
    """Return the histogram of CPU shares."""
    return HistogramFamily(
        "container_cpu_utilization_ratio",
        "Share of its CPU limit, or of one core where it has none, that a container used in each"
        " second.",
        _NAMED,
        buckets=_BUCKETS,
        limits=limits,
        on_drop=on_drop,
    )


def named(container: Container) -> tuple[str, str, str]:
    """Return the labels of what needs no id."""
    return container.name, container.service, container.stack


def sockets(sample: Sample) -> Values:
    """Return the values of `container_sockets` for a container."""
    return (sample.reading.sockets or {}).items()


def states(containers: Iterable[Container]) -> list[Row]:
    """Return one row for every state of every container, stopped ones too."""
    return [
        ((*named(each), state), float(each.state == state))
        for each in containers
        for state in STATES
    ]


def healths(containers: Iterable[Container]) -> list[Row]:
    """Return one row for every word of the health checks that there are."""
    return [
        ((*named(each), state), float(each.health == state))
        for each in containers
        if each.health
        for state in HEALTHS
    ]
