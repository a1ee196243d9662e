"""The `container_*` families under cAdvisor's names: help texts, labels, rows of a look.

Its counters without `_total` are untyped, as OpenMetrics wants it and promtool accepts.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from exporters.containers.model import Device, Interface, Pressure
from exporters.containers.source import Sample
from exporters.core.exposition import Limits, OnDrop, Policy, ValueFamily, ValueKind

BASE = ("id", "name", "image", "service", "stack")
"""Labels of all that a container brings; the chosen `container_label_…` come after them."""

Values = Iterable[tuple[tuple[str, ...], float]]
"""The values of the labels beyond `BASE`, and a number."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A family: how it is announced, and what a sample has for it."""

    name: str
    kind: ValueKind
    help: str
    of: Callable[[Sample], Values]
    labels: tuple[str, ...] = field(default=())


class One:
    """The rows of a family that has one number of a container, or none."""

    __slots__ = ("get", "labels")

    def __init__(self, get: Callable[[Sample], float | None], *labels: str) -> None:
        self.get = get
        self.labels = labels

    def __call__(self, sample: Sample) -> Values:
        """Return the row, if there is one."""
        value = self.get(sample)
        return () if value is None else ((self.labels, value),)


def _cpu(attribute: str) -> Callable[[Sample], Values]:
    return One(attrgetter(f"reading.cpu.{attribute}"))


def _throttle(attribute: str) -> Callable[[Sample], Values]:
    # As cAdvisor: where there is no limit these would be zeros that say nothing.
    get = attrgetter(f"reading.cpu.{attribute}")
    return One(lambda s: get(s) if s.container.limits.cpus else None)


def _memory(attribute: str) -> Callable[[Sample], Values]:
    return One(attrgetter(f"reading.memory.{attribute}"))


def _working_set(sample: Sample) -> float | None:
    memory = sample.reading.memory
    if memory.usage is None or memory.inactive_file is None:
        return None
    return max(memory.usage - memory.inactive_file, 0)


def _faults(sample: Sample) -> Values:
    memory = sample.reading.memory
    for kind, count in (("pgfault", memory.faults), ("pgmajfault", memory.major_faults)):
        if count is not None:
            yield (kind, "hierarchy"), count


def _devices(get: Callable[[Device], float | None]) -> Callable[[Sample], Values]:
    def rows(sample: Sample) -> Values:
        for device in sample.reading.devices:
            value = get(device)
            if value is not None:
                yield (device.name,), value

    return rows


def _network(direction: str, column: int) -> Callable[[Sample], Values]:
    def rows(sample: Sample) -> Values:
        for each in sample.reading.interfaces:
            yield (each.name,), _counters(each, direction)[column]

    return rows


def _counters(interface: Interface, direction: str) -> tuple[int, int, int, int]:
    return interface.receive if direction == "receive" else interface.transmit


def _pressure(resource: str, kind: str) -> Callable[[Sample], Values]:
    def seconds(sample: Sample) -> float | None:
        found: Pressure | None = (sample.reading.pressure or {}).get(resource)
        return getattr(found, kind, None)

    return One(seconds)


def _cpu_kinds() -> Iterator[Kind]:
    cpu, cfs = "container_cpu_", "container_cpu_cfs_"
    yield Kind(
        f"{cpu}usage_seconds_total",
        "counter",
        "CPU time used.",
        One(attrgetter("reading.cpu.usage"), "total"),
        ("cpu",),
    )
    yield Kind(f"{cpu}user_seconds_total", "counter", "CPU time in user mode.", _cpu("user"))
    yield Kind(f"{cpu}system_seconds_total", "counter", "CPU time in the kernel.", _cpu("system"))
    text = "Periods in which a limited container wanted to run"
    yield Kind(f"{cfs}periods_total", "counter", f"{text}.", _throttle("periods"))
    yield Kind(
        f"{cfs}throttled_periods_total",
        "counter",
        f"{text} and was held back by its CPU limit.",
        _throttle("throttled_periods"),
    )
    yield Kind(
        f"{cfs}throttled_seconds_total",
        "counter",
        "Time that a container was held back by its CPU limit.",
        _throttle("throttled"),
    )


def _memory_kinds() -> Iterator[Kind]:
    def gauge(name: str, text: str, of: Callable[[Sample], Values]) -> Kind:
        return Kind(f"container_memory_{name}", "gauge", text, of)

    yield gauge("usage_bytes", "Memory in use, page cache included.", _memory("usage"))
    yield gauge("working_set_bytes", "Memory in use without idle page cache.", One(_working_set))
    yield gauge("rss", "Anonymous memory in bytes, as cAdvisor names it.", _memory("rss"))
    yield gauge("cache", "Page cache in bytes.", _memory("cache"))
    yield gauge("swap", "Swapped out memory in bytes.", _memory("swap"))
    yield gauge("mapped_file", "Mapped files in bytes.", _memory("mapped_file"))
    yield gauge("max_usage_bytes", "The most memory ever in use.", _memory("max_usage"))
    yield gauge("kernel_usage", "Memory of the kernel in bytes.", _memory("kernel"))
    yield gauge(
        "total_active_file_bytes", "Page cache that was used lately.", _memory("active_file")
    )
    yield gauge("total_inactive_file_bytes", "Idle page cache.", _memory("inactive_file"))
    yield Kind(
        "container_memory_failcnt",
        "unknown",
        "How often memory in use came to the limit; a counter under cAdvisor's name.",
        _memory("failures"),
    )
    yield Kind(
        "container_memory_failures_total",
        "counter",
        "Page faults, of the container and all below it.",
        _faults,
        ("failure_type", "scope"),
    )


def _io_kinds() -> Iterator[Kind]:
    columns: tuple[tuple[str, str, Callable[[Device], float | None]], ...] = (
        ("reads_bytes", "Bytes read from a device.", lambda d: d.read_bytes),
        ("writes_bytes", "Bytes written to a device.", lambda d: d.written_bytes),
        ("reads", "Reads from a device.", lambda d: d.reads),
        ("writes", "Writes to a device.", lambda d: d.writes),
    )
    for name, text, get in columns:
        yield Kind(f"container_fs_{name}_total", "counter", text, _devices(get), ("device",))


def _network_kinds() -> Iterator[Kind]:
    for direction, verb in (("receive", "received"), ("transmit", "sent")):
        for column, (name, text) in enumerate(
            (
                ("bytes", f"Bytes {verb}."),
                ("packets", f"Packets {verb}."),
                ("errors", f"Errors met in packets {verb}."),
                ("packets_dropped", f"Packets dropped that were to be {verb}."),
            )
        ):
            yield Kind(
                f"container_network_{direction}_{name}_total",
                "counter",
                f"{text} Of containers with a network of their own.",
                _network(direction, column),
                ("interface",),
            )


def _pressure_kinds() -> Iterator[Kind]:
    what = {"cpu": "CPU time", "memory": "memory", "io": "I/O"}
    for resource, name in what.items():
        for word, kind, who in (("waiting", "some", "some"), ("stalled", "full", "all")):
            yield Kind(
                f"container_pressure_{resource}_{word}_seconds_total",
                "counter",
                f"Time in which {who} of the tasks waited for {name}.",
                _pressure(resource, kind),
            )


def _limit_kinds() -> Iterator[Kind]:
    def spec(name: str, text: str, get: Callable[[Sample], float | None]) -> Kind:
        return Kind(f"container_spec_{name}", "gauge", text, One(get))

    yield spec("cpu_period", "Microseconds of a period.", attrgetter("container.limits.cpu_period"))
    yield spec("cpu_quota", "Microseconds of CPU time a period, where limited.", _quota)
    yield spec(
        "cpu_shares",
        "Weight against other containers, 1024 where none is set.",
        lambda s: s.container.limits.cpu_shares or 1024,
    )
    memory = "Bytes, 0 where there is no limit:"
    yield spec("memory_limit_bytes", f"{memory} of memory.", attrgetter("container.limits.memory"))
    yield spec(
        "memory_swap_limit_bytes",
        f"{memory} of memory and swap together.",
        attrgetter("container.limits.memory_swap"),
    )
    yield spec(
        "memory_reservation_limit_bytes",
        f"{memory} the soft one.",
        attrgetter("container.limits.memory_reservation"),
    )


def _quota(sample: Sample) -> float | None:
    limits = sample.container.limits
    return limits.cpus * limits.cpu_period if limits.cpus else None


def _other_kinds() -> Iterator[Kind]:
    def gauge(name: str, text: str, get: Callable[[Sample], float | None]) -> Kind:
        return Kind(f"container_{name}", "gauge", text, One(get))

    yield gauge("threads", "Threads that run or wait.", attrgetter("reading.threads"))
    yield gauge(
        "threads_max", "How many threads it may have.", lambda s: s.container.limits.pids or None
    )
    yield gauge("processes", "Processes of the container.", attrgetter("reading.processes"))
    yield gauge(
        "start_time_seconds",
        "When it was last started, in Unix seconds.",
        attrgetter("container.started_at"),
    )
    yield gauge("last_seen", "When it was last sampled, in Unix seconds.", attrgetter("seen_at"))


KINDS = (
    *_cpu_kinds(),
    *_memory_kinds(),
    *_io_kinds(),
    *_network_kinds(),
    *_pressure_kinds(),
    *_limit_kinds(),
    *_other_kinds(),
)


def families(chosen: tuple[str, ...], limits: Limits, on_drop: OnDrop) -> list[ValueFamily]:
    """Return the families of `KINDS`, empty, with the names of the chosen labels."""
    dropping = Limits(limits.series, limits.label, policy=Policy.DROP)
    return [
        ValueFamily(
            kind.kind,
            kind.name,
            kind.help,
            (*BASE, *chosen, *kind.labels),
            limits=dropping,
            on_drop=on_drop,
        )
        for kind in KINDS
    ]
