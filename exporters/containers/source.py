"""How containers are sampled: each second, the kernel's files in a thread, else the stats API."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, time
from typing import Self

from exporters.containers.descriptors import Descriptors
from exporters.containers.files import ContainerFiles
from exporters.containers.locate import locate
from exporters.containers.model import Reading, device_names
from exporters.containers.pressure import HostPressure, Waits
from exporters.containers.turns import Turns
from exporters.docker.model import Container

Key = tuple[str, int]
"""A container and its first process: a restart keeps the id and begins a new cgroup."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One container at one moment."""

    container: Container
    reading: Reading
    """CPU time and memory in use of this look; the rest as old as `Turns` lets it become."""
    utilization: float | None
    """Share of the CPU limit, or of one core, since the sample before."""
    seen_at: float
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at all containers."""

    samples: tuple[Sample, ...]
    hidden: tuple[Container, ...]
    """Those whose files cannot be seen."""
    gone: tuple[str, ...]
    """Those whose cgroup is not there any more, though the engine has not said so yet."""
    failures: int
    """Containers of which some file could not be understood."""
    waits: Waits
    """How the whole host waited since the look before."""


class Usage:
    """Remembers the CPU time of each container, to tell the share used since."""

    def __init__(self) -> None:
        self._seen: dict[Key, tuple[float, float]] = {}

    def share(self, container: Container, cpu: float | None, moment: float) -> float | None:
        """Return the share of the limit, or of one core, since the last call; None for the first.

        `moment` is of a clock that never jumps, taken as near to the reading as can be.
        """
        if cpu is None:
            return None
        key = (container.id, container.pid)
        before = self._seen.get(key)
        self._seen[key] = (cpu, moment)
        if before is None or moment <= before[1] or cpu < before[0]:
            return None
        return (cpu - before[0]) / (moment - before[1]) / (container.limits.cpus or 1.0)

    def keep(self, keys: Iterable[Key]) -> None:
        """Forget all but these."""
        kept = set(keys)
        for key in [key for key in self._seen if key not in kept]:
            del self._seen[key]


class CgroupSource:
    """Reads the files of every container in one go; used by one thread at a time."""

    def __init__(self, root: Path, proc: Path) -> None:
        self._root, self._proc = root, proc
        self._descriptors = Descriptors()
        self._pressure = HostPressure(proc, root, self._descriptors)
        self._opened: dict[Key, ContainerFiles] = {}
        self._usage = Usage()
        self.turns = Turns()
        self._device_names: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._descriptors.__enter__()
        self._pressure.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._close_all_but({})
        self._pressure.close()
        self._descriptors.__exit__()

    def look(self, containers: Sequence[Container]) -> Look:
        """Return one sample of each container that can be seen; never raises for one of them."""
        wanted = {(each.id, each.pid): each for each in containers}
        self._close_all_but(wanted)
        with self.turns.measured():
            samples, hidden, gone, failures = self._all(wanted)
        waits = self._pressure.look(perf_counter())
        return Look(tuple(samples), tuple(hidden), tuple(gone), failures, waits)

    def _all(
        self, wanted: Mapping[Key, Container]
    ) -> tuple[list[Sample], list[Container], list[str], int]:
        now, whole = time(), self.turns.whole(len(wanted))
        samples, hidden, gone, failures = [], [], [], 0
        for number, (key, container) in enumerate(wanted.items()):
            files = self._opened.get(key) or self._open(key, container)
            if files is None:
                hidden.append(container)
                continue
            sample = self._sample(container, files, now, whole=number in whole)
            if files.gone:
                gone.append(container.id)
            else:
                samples.append(sample)
                failures += files.failures > 0
        return samples, hidden, gone, failures

    def _sample(
        self, container: Container, files: ContainerFiles, now: float, *, whole: bool
    ) -> Sample:
        moment = perf_counter()
        reading = files.read(whole=whole)
        share = self._usage.share(container, reading.cpu.usage, moment)
        return Sample(container, reading, share, now)

    def _close_all_but(self, wanted: Mapping[Key, Container]) -> None:
        for key in [key for key in self._opened if key not in wanted]:
            self._opened.pop(key).close()
        self._usage.keep(wanted)

    def _open(self, key: Key, container: Container) -> ContainerFiles | None:
        location = locate(container, self._root, self._proc)
        if location is None:
            return None
        files = ContainerFiles(
            location, self._descriptors, self._device, network=owns_network(container)
        )
        self._opened[key] = files
        return files

    def _device(self, numbers: str) -> str:
        if numbers not in self._device_names:
            self._device_names |= {numbers: numbers} | self._partitions()
        return self._device_names[numbers]

    def _partitions(self) -> dict[str, str]:
        try:
            return device_names((self._proc / "partitions").read_bytes())
        except (OSError, ValueError):
            return {}


def owns_network(container: Container) -> bool:
    """Whether its network namespace is its own: not the host's, and not another container's."""
    return container.network != "host" and not container.network.startswith("container:")


class Sampler:
    """Looks at all containers in a thread of its own, so that the event loop never waits.

    A look at 500 containers takes tens of milliseconds; see `benchmarks/containers.py`.
    """

    def __init__(self, source: CgroupSource) -> None:
        self._source = source
        self._open = ExitStack()
        self._thread: ThreadPoolExecutor | None = None

    async def __aenter__(self) -> Self:
        self._open.enter_context(self._source)
        self._thread = ThreadPoolExecutor(1, "containers")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._thread:
            await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)
        self._open.close()

    async def look(self, containers: Sequence[Container]) -> Look:
        """Return `CgroupSource.look`, from the thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._source.look, containers)
