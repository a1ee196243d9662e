"""The families of what a container is rather than does: its limits, times, processes, health."""

from collections.abc import Callable, Iterator
from operator import attrgetter

from exporters.containers.kinds import Kind, One
from exporters.containers.source import Sample

_HEALTH = {"healthy": 1.0, "": -1.0}


def limits() -> Iterator[Kind]:
    """What a container may use."""

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


def others() -> Iterator[Kind]:
    """How many it is, since when, and how well."""

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
    yield gauge(
        "creation_time_seconds",
        "When it was made, in Unix seconds.",
        attrgetter("container.created_at"),
    )
    yield gauge(
        "health_state",
        "What its health check says, as cAdvisor puts it: 1 healthy, 0 not, -1 without a check.",
        lambda s: _HEALTH.get(s.container.health, 0.0),
    )
    yield gauge("last_seen", "When it was last sampled, in Unix seconds.", attrgetter("seen_at"))
