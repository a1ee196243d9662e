"""The stats API, for containers whose files we cannot see (Docker Desktop, a remote engine)."""

import asyncio
from collections.abc import Mapping, Sequence
from time import perf_counter, time
from typing import Any
from urllib.parse import quote

from exporters.containers.model import Cpu, Device, Interface, Memory, Reading
from exporters.containers.source import Sample, Usage, owns_network
from exporters.core.errors import SourceError
from exporters.docker.client import DockerClient
from exporters.docker.model import Container, well_formed

_AT_ONCE = 8


class StatsSource:
    """Asks the engine about each container: one sample at once, where a plain request waits."""

    def __init__(self, client: DockerClient) -> None:
        self._client = client
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._usage = Usage()

    async def look(self, containers: Sequence[Container]) -> tuple[tuple[Sample, ...], int]:
        """Return a sample of each that the engine can tell of, and of how many it could not.

        Raises SourceError where it could tell of none.
        """
        self._usage.keep((each.id, each.pid) for each in containers)
        found = await asyncio.gather(*(self._ask(each) for each in containers))
        errors = [each for each in found if isinstance(each, SourceError)]
        if errors and len(errors) == len(found):
            raise errors[0]
        return tuple(each for each in found if isinstance(each, Sample)), len(errors)

    async def _ask(self, container: Container) -> Sample | SourceError | None:
        path = f"/containers/{quote(container.id)}/stats"
        try:
            async with self._turn:
                answer = await self._client.find(path, {"stream": "false", "one-shot": "true"})
            if answer is None:
                return None
            reading = parse_stats(answer, network=owns_network(container))
        except SourceError as error:
            return error
        if reading.cpu.usage is None:
            return None
        share = self._usage.share(container, reading.cpu.usage, perf_counter())
        return Sample(container, reading, share, time())


@well_formed
def parse_stats(answer: Mapping[str, Any], *, network: bool) -> Reading:
    """Return what one sample says; a container that stopped has nothing, and so no numbers.

    Without `network` its interfaces are left out: of a container in another's network the engine
    tells those of the other.
    """
    cpu, memory = answer.get("cpu_stats") or {}, answer.get("memory_stats") or {}
    usage = cpu.get("cpu_usage") or {}
    if not memory.get("usage") and not usage.get("total_usage"):
        return Reading()
    return Reading(
        cpu=_cpu(usage, cpu.get("throttling_data") or {}),
        memory=_memory(memory, memory.get("stats") or {}),
        devices=_devices(answer.get("blkio_stats") or {}),
        interfaces=_interfaces(answer.get("networks") or {}) if network else (),
        threads=(answer.get("pids_stats") or {}).get("current"),
    )


def _cpu(usage: Mapping[str, int], throttling: Mapping[str, int]) -> Cpu:
    return Cpu(
        usage=int(usage["total_usage"]) / 1e9,
        user=usage.get("usage_in_usermode", 0) / 1e9,
        system=usage.get("usage_in_kernelmode", 0) / 1e9,
        periods=throttling.get("periods"),
        throttled_periods=throttling.get("throttled_periods"),
        throttled=throttling.get("throttled_time", 0) / 1e9,
    )


def _memory(memory: Mapping[str, int], stat: Mapping[str, int]) -> Memory:
    """The names are those of v1 or v2, by what the engine's host has."""
    v1 = "total_rss" in stat

    def either(first: str, second: str) -> int | None:
        return stat.get(first if v1 else second)

    return Memory(
        usage=memory.get("usage"),
        rss=either("total_rss", "anon"),
        cache=either("total_cache", "file"),
        swap=stat.get("total_swap"),
        mapped_file=either("total_mapped_file", "file_mapped"),
        active_file=either("total_active_file", "active_file"),
        inactive_file=either("total_inactive_file", "inactive_file"),
        faults=either("total_pgfault", "pgfault"),
        major_faults=either("total_pgmajfault", "pgmajfault"),
        max_usage=memory.get("max_usage"),
        failures=memory.get("failcnt", 0) if v1 else None,
    )


def _devices(blkio: Mapping[str, Any]) -> tuple[Device, ...]:
    sizes = _operations(blkio.get("io_service_bytes_recursive") or ())
    counts = _operations(blkio.get("io_serviced_recursive") or ())
    return tuple(
        Device(name, *size, *counts.get(name, (None, None))) for name, size in sizes.items()
    )


def _operations(entries: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """Reads and writes by device; v1 writes `Read` where v2 has `read`."""
    found: dict[str, tuple[int, int]] = {}
    for each in entries:
        name, operation = f"{each['major']}:{each['minor']}", each["op"].lower()
        reads, writes = found.get(name, (0, 0))
        if operation == "read":
            found[name] = (int(each["value"]), writes)
        elif operation == "write":
            found[name] = (reads, int(each["value"]))
    return found


def _interfaces(networks: Mapping[str, Mapping[str, int]]) -> tuple[Interface, ...]:
    return tuple(_interface(name, values) for name, values in networks.items())


def _interface(name: str, values: Mapping[str, int]) -> Interface:
    def four(prefix: str) -> tuple[int, int, int, int]:
        columns = ("bytes", "packets", "errors", "dropped")
        a, b, c, d = (int(values.get(f"{prefix}_{column}", 0)) for column in columns)
        return a, b, c, d

    return Interface(name, four("rx"), four("tx"))
