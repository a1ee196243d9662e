"""The `container_*` families under cAdvisor's names: help texts, labels, rows of a look.

Its counters without `_total` are untyped, as OpenMetrics wants it and promtool accepts.
"""

from collections.abc import Callable, Iterator
from operator import attrgetter

from exporters.containers import facts
from exporters.containers.kinds import BASE, Kind, One, Values
from exporters.containers.model import Device, Interface, Pressure
from exporters.containers.source import Sample
from exporters.core.exposition import Limits, OnDrop, Policy, ValueFamily


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
    usage = One(attrgetter("reading.cpu.usage"), "total")
    text = "CPU time used."
    yield Kind("container_cpu_usage_seconds_total", "counter", text, usage, ("cpu",))
    for name, text in (("user", "CPU time in user mode."), ("system", "CPU time in the kernel.")):
        yield Kind(f"container_cpu_{name}_seconds_total", "counter", text, _cpu(name))


def _throttle_kinds() -> Iterator[Kind]:
    wanted = "Periods in which a limited container wanted to run"
    for name, attribute, text in (
        ("periods", "periods", f"{wanted}."),
        (
            "throttled_periods",
            "throttled_periods",
            f"{wanted} and was held back by its CPU limit.",
        ),
        ("throttled_seconds", "throttled", "Time that a container was held back by its CPU limit."),
        (
            "burst_periods",
            "burst_periods",
            "Periods in which a limited container used more, since it had used less before.",
        ),
        ("burst_seconds", "burst", "CPU time over the limit that a container had saved before."),
    ):
        yield Kind(f"container_cpu_cfs_{name}_total", "counter", text, _throttle(attribute))


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
    for name, text in (("high", "slowed down at memory.high"), ("max", "brought to its limit")):
        yield Kind(
            f"container_memory_events_{name}_total",
            "counter",
            f"How often a container was {text}, of cgroup v2.",
            _memory(f"{name}_events"),
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


KINDS = (
    *_cpu_kinds(),
    *_throttle_kinds(),
    *_memory_kinds(),
    *_io_kinds(),
    *_network_kinds(),
    *_pressure_kinds(),
    *facts.limits(),
    *facts.others(),
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
