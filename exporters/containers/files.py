"""The files of one container, kept open, and what is read out of them."""

import errno
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from exporters.containers import model
from exporters.containers.descriptors import Descriptors, KernelFile
from exporters.containers.locate import UNIFIED, Location
from exporters.containers.model import Cpu, Device, Memory, Pressure, Reading

Parse = Callable[[bytes], Any]
Said = Callable[[str], Any]
"""What a file says, by its name; None where there is none or it says nothing that we know."""

# For each file its controller, the part of a `Reading` that it is for, and its parser. The CPU time
# comes first: its moment is taken just before.
_V1: Mapping[str, tuple[str, str, Parse]] = {
    "cpuacct.usage": ("cpuacct", "cpu", model.v1_usage),
    "memory.usage_in_bytes": ("memory", "memory", model.number),
    "cpuacct.stat": ("cpuacct", "cpu", model.v1_ticks),
    "cpu.stat": ("cpu", "cpu", model.v1_throttling),
    "memory.max_usage_in_bytes": ("memory", "memory", model.number),
    "memory.failcnt": ("memory", "memory", model.number),
    "memory.kmem.usage_in_bytes": ("memory", "memory", model.number),
    "memory.stat": ("memory", "memory", model.v1_memory),
    "memory.oom_control": ("memory", "memory", model.v1_kills),
    "blkio.throttle.io_service_bytes_recursive": ("blkio", "devices", model.v1_io),
    "blkio.throttle.io_serviced_recursive": ("blkio", "devices", model.v1_io),
    "pids.current": ("pids", "threads", model.number),
    "cgroup.procs": ("pids", "processes", model.count_lines),
}
_V2: Mapping[str, tuple[str, str, Parse]] = {
    "cpu.stat": (UNIFIED, "cpu", model.v2_cpu),
    "memory.current": (UNIFIED, "memory", model.number),
    "memory.peak": (UNIFIED, "memory", model.number),
    "memory.swap.current": (UNIFIED, "memory", model.number),
    "memory.stat": (UNIFIED, "memory", model.v2_memory),
    "memory.events": (UNIFIED, "memory", model.v2_events),
    "io.stat": (UNIFIED, "devices", model.v2_io),
    "pids.current": (UNIFIED, "threads", model.number),
    "cgroup.procs": (UNIFIED, "processes", model.count_lines),
}
_PRESSURE = {"cpu": "cpu.pressure", "memory": "memory.pressure", "io": "io.pressure"}
_NETWORK: Mapping[str, tuple[str, Parse]] = {
    "net/dev": ("interfaces", model.net_dev),
    "net/sockstat": ("sockets", model.sockstat),
    "net/sockstat6": ("sockets", model.sockstat),
}
_GONE = frozenset((errno.ENODEV, errno.ENOENT, errno.ESRCH))
_VITAL = frozenset(("cpuacct.usage", "cpu.stat", "memory.current", "memory.usage_in_bytes"))
_OFTEN = _VITAL - {"cpu.stat"}
"""The files of every look, of v1; of v2 `cpu.stat` is one as well."""


class _File:
    """One file and what it says; bytes that are those of the time before are not parsed again."""

    __slots__ = ("_data", "_parse", "failed", "file", "gone", "part", "value")

    def __init__(self, file: KernelFile, part: str, parse: Parse) -> None:
        self.file = file
        self.part = part
        self._parse = parse
        self._data: bytes | None = None
        self.value: Any = None
        self.failed = self.gone = False

    def renew(self) -> bool:
        """Read it, and return whether it says something else now."""
        try:
            data = self.file.read()
            if data == self._data:
                return False
            self._data = data
            self.failed = self.gone = False
            self.value = self._parse(data)
        except OSError as error:
            self._data = self.value = None
            self.failed, self.gone = True, error.errno in _GONE
        except (ValueError, KeyError, IndexError):
            self.value, self.failed = None, True
        return True


class ContainerFiles:
    """Keeps the files of one container open."""

    def __init__(
        self,
        location: Location,
        descriptors: Descriptors,
        devices: Callable[[str], str],
        *,
        network: bool,
    ) -> None:
        """`devices` names a block device by its numbers; without `network` none of it is read."""
        self._devices = devices
        self._files: dict[str, _File] = {}
        self._reading: Reading | None = None
        self._parts: dict[str, Any] = {}
        self.failures = 0
        """Files that gave nothing that can be understood when they were last read."""
        self.gone = False
        """Whether at the last look the cgroup was there no more."""
        for name, (path, part, parse) in _places(location, network=network).items():
            try:
                self._files[name] = _File(KernelFile(path, descriptors), part, parse)
            except OSError:  # this kernel has no such file, or we may not read it
                continue
        v2 = location.version == 2
        often = _VITAL if v2 else _OFTEN
        self._often = [each for name, each in self._files.items() if name in often]
        self._compose = {**_COMPOSE, **(_COMPOSE_V2 if v2 else _COMPOSE_V1)}

    def read(self, *, whole: bool) -> Reading:
        """Read the files and return what they say; a file that says nothing hides no other.

        CPU time and memory in use are always read; without `whole` the rest is as it was, except
        the first time.
        """
        files = self._files.values() if whole or self._reading is None else self._often
        changed = {each.part for each in files if each.renew()}
        if changed or self._reading is None:
            self._reading = self._settled(changed)
        return self._reading

    def close(self) -> None:
        """Close every file."""
        for each in self._files.values():
            each.file.close()
        self._files.clear()
        self._often.clear()

    def _settled(self, changed: Iterable[str]) -> Reading:
        """What the files say, of which only the parts that changed are put together anew."""
        files = self._files
        self.failures = sum([each.failed for each in files.values()])
        self.gone = self.failures > 0 and any(
            each.gone for name, each in files.items() if name in _VITAL
        )
        for part in changed:
            self._parts[part] = self._compose[part](self._said)
            if part == "devices":
                self._parts[part] = self._named(self._parts[part])
        return Reading(**self._parts)

    def _said(self, name: str) -> Any:
        file = self._files.get(name)
        return file.value if file else None

    def _named(self, devices: tuple[Device, ...]) -> tuple[Device, ...]:
        return tuple(
            Device(self._devices(d.name), d.read_bytes, d.written_bytes, d.reads, d.writes)
            for d in devices
        )


def _places(location: Location, *, network: bool) -> dict[str, tuple[Path, str, Parse]]:
    """The files that there may be, with the part of a reading that each is for, and its parser."""
    folders = location.folders
    wanted = dict(_V2 if location.version == 2 else _V1)
    wanted |= dict.fromkeys(_PRESSURE.values(), (UNIFIED, "pressure", model.pressure))
    places = {
        name: (folders[where] / name, part, parse)
        for name, (where, part, parse) in wanted.items()
        if where in folders
    }
    if network and location.process:
        process = location.process
        places |= {name: (process / name, *known) for name, known in _NETWORK.items()}
    return places


def _pressure(said: Said) -> dict[str, Pressure] | None:
    return {key: found for key, name in _PRESSURE.items() if (found := said(name))} or None


def _sockets(said: Said) -> model.Sockets | None:
    return {**(said("net/sockstat") or {}), **(said("net/sockstat6") or {})} or None


def _v1_cpu(said: Said) -> Cpu:
    ticks = said("cpuacct.stat") or (None, None)
    return Cpu(said("cpuacct.usage"), *ticks, **(said("cpu.stat") or {}))


def _v1_memory(said: Said) -> Memory:
    return Memory(
        usage=said("memory.usage_in_bytes"),
        max_usage=said("memory.max_usage_in_bytes"),
        kernel=said("memory.kmem.usage_in_bytes"),
        failures=said("memory.failcnt"),
        kills=said("memory.oom_control"),
        **(said("memory.stat") or {}),
    )


def _v1_devices(said: Said) -> tuple[Device, ...]:
    sizes = said("blkio.throttle.io_service_bytes_recursive") or {}
    counts = said("blkio.throttle.io_serviced_recursive") or {}
    return tuple(
        Device(name, *size, *counts.get(name, (None, None))) for name, size in sizes.items()
    )


def _v2_memory(said: Said) -> Memory:
    return Memory(
        usage=said("memory.current"),
        swap=said("memory.swap.current"),
        max_usage=said("memory.peak"),
        **(said("memory.events") or {}),
        **(said("memory.stat") or {}),
    )


_COMPOSE: Mapping[str, Callable[[Said], Any]] = {
    "interfaces": lambda said: said("net/dev") or (),
    "sockets": _sockets,
    "pressure": _pressure,
    "threads": lambda said: said("pids.current"),
    "processes": lambda said: said("cgroup.procs"),
}
_COMPOSE_V1: Mapping[str, Callable[[Said], Any]] = {
    "cpu": _v1_cpu,
    "memory": _v1_memory,
    "devices": _v1_devices,
}
_COMPOSE_V2: Mapping[str, Callable[[Said], Any]] = {
    "cpu": lambda said: said("cpu.stat") or Cpu(),
    "memory": _v2_memory,
    "devices": lambda said: said("io.stat") or (),
}
