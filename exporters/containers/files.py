"""The files of one container, kept open, and what is read out of them."""

import errno
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from exporters.containers import model
from exporters.containers.descriptors import Descriptors, KernelFile
from exporters.containers.locate import UNIFIED, Location
from exporters.containers.model import Cpu, Device, Memory, Pressure, Quick, Reading

T = TypeVar("T")

_V1 = {
    "cpuacct.usage": "cpuacct",
    "cpuacct.stat": "cpuacct",
    "cpu.stat": "cpu",
    "memory.usage_in_bytes": "memory",
    "memory.max_usage_in_bytes": "memory",
    "memory.failcnt": "memory",
    "memory.kmem.usage_in_bytes": "memory",
    "memory.stat": "memory",
    "memory.oom_control": "memory",
    "blkio.throttle.io_service_bytes_recursive": "blkio",
    "blkio.throttle.io_serviced_recursive": "blkio",
    "pids.current": "pids",
    "cgroup.procs": "pids",
}
_V2 = (
    *("cpu.stat", "memory.current", "memory.peak", "memory.swap.current", "memory.stat"),
    *("memory.events", "io.stat", "pids.current", "cgroup.procs"),
)
_PRESSURE = {"cpu": "cpu.pressure", "memory": "memory.pressure", "io": "io.pressure"}
_NETWORK = ("net/dev", "net/sockstat", "net/sockstat6")


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
        self._files: dict[str, KernelFile] = {}
        v2 = location.version == 2
        self._quick, self._whole = (_quick_v2, _whole_v2) if v2 else (_quick_v1, _whole_v1)
        self._failed = self._failed_quick = self._failed_whole = 0
        self.gone = False
        """Whether at the last look the cgroup was there no more."""
        for name, path in _paths(location, network=network).items():
            try:
                self._files[name] = KernelFile(path, descriptors)
            except OSError:  # this kernel has no such file, or we may not read it
                continue

    @property
    def failures(self) -> int:
        """Files that gave nothing that can be understood when they were last read."""
        return self._failed_quick + self._failed_whole

    def quick(self) -> Quick:
        """Return the two numbers of every look; see `take` for what cannot be read."""
        self.gone = False
        self._failed = 0
        found = self._quick(self)
        self._failed_quick = self._failed
        return found

    def whole(self) -> Reading:
        """Return all the rest."""
        self._failed = 0
        found = replace(
            self._whole(self),
            interfaces=self.take("net/dev", model.net_dev) or (),
            sockets=self._sockets(),
            pressure=self._pressure(),
            threads=self.take("pids.current", model.number),
            processes=self.take("cgroup.procs", model.count_lines),
        )
        self._failed_whole = self._failed
        return replace(found, devices=self._named(found.devices))

    def take(self, name: str, parse: Callable[[bytes], T]) -> T | None:
        """Return what one file says, or None where it is absent or says nothing that we know.

        The latter is counted.
        """
        file = self._files.get(name)
        if file is None:
            return None
        try:
            return parse(file.read())
        except OSError as error:
            self.gone = self.gone or (name in _VITAL and error.errno in _GONE)
        except (ValueError, KeyError, IndexError):
            pass
        self._failed += 1
        return None

    def close(self) -> None:
        """Close every file."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _named(self, devices: tuple[Device, ...]) -> tuple[Device, ...]:
        return tuple(replace(device, name=self._devices(device.name)) for device in devices)

    def _sockets(self) -> model.Sockets | None:
        found = self.take("net/sockstat", model.sockstat)
        newer = self.take("net/sockstat6", model.sockstat)
        return {**(found or {}), **(newer or {})} or None

    def _pressure(self) -> Mapping[str, Pressure] | None:
        found = {
            resource: pressure
            for resource, name in _PRESSURE.items()
            if (pressure := self.take(name, model.pressure))
        }
        return found or None


_GONE = frozenset((errno.ENODEV, errno.ENOENT, errno.ESRCH))
_VITAL = frozenset(("cpuacct.usage", "cpu.stat", "memory.current", "memory.usage_in_bytes"))


def _paths(location: Location, *, network: bool) -> dict[str, Path]:
    folders = location.folders
    names = dict.fromkeys(_V2, UNIFIED) if location.version == 2 else dict(_V1)
    names |= dict.fromkeys(_PRESSURE.values(), UNIFIED)
    paths = {name: folders[where] / name for name, where in names.items() if where in folders}
    if network and location.process:
        paths |= {name: location.process / name for name in _NETWORK}
    return paths


def _quick_v1(files: ContainerFiles) -> Quick:
    return Quick(
        files.take("cpuacct.usage", model.v1_usage),
        files.take("memory.usage_in_bytes", model.number),
    )


def _quick_v2(files: ContainerFiles) -> Quick:
    return Quick(files.take("cpu.stat", model.v2_usage), files.take("memory.current", model.number))


def _whole_v1(files: ContainerFiles) -> Reading:
    ticks = files.take("cpuacct.stat", model.v1_ticks)
    throttling = files.take("cpu.stat", model.v1_throttling)
    return Reading(
        cpu=Cpu(*(ticks or (None, None)), *(throttling or (None, None, None))),
        memory=Memory(
            max_usage=files.take("memory.max_usage_in_bytes", model.number),
            kernel=files.take("memory.kmem.usage_in_bytes", model.number),
            failures=files.take("memory.failcnt", model.number),
            kills=files.take("memory.oom_control", model.v1_kills),
            **(files.take("memory.stat", model.v1_memory) or {}),
        ),
        devices=_v1_devices(files),
    )


def _v1_devices(files: ContainerFiles) -> tuple[Device, ...]:
    sizes = files.take("blkio.throttle.io_service_bytes_recursive", model.v1_io) or {}
    counts = files.take("blkio.throttle.io_serviced_recursive", model.v1_io) or {}
    return tuple(
        Device(name, *size, *counts.get(name, (None, None))) for name, size in sizes.items()
    )


def _whole_v2(files: ContainerFiles) -> Reading:
    failures, kills = files.take("memory.events", model.v2_events) or (None, None)
    return Reading(
        cpu=files.take("cpu.stat", model.v2_cpu),
        memory=Memory(
            swap=files.take("memory.swap.current", model.number),
            max_usage=files.take("memory.peak", model.number),
            failures=failures,
            kills=kills,
            **(files.take("memory.stat", model.v2_memory) or {}),
        ),
        devices=files.take("io.stat", model.v2_io) or (),
    )
