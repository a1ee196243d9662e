"""What the kernel says about one container, as frozen values; parsing of its files without I/O.

Counters are in base units (seconds, bytes) from the cgroup's beginning. None stands for what this
kernel, or this way of reading, does not tell. Every parser raises ValueError, KeyError or
IndexError for a text that is not what the kernel writes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

Fields = Mapping[bytes, bytes]

TICKS = 100.0
"""USER_HZ, which Linux has fixed for user space on every architecture that Docker runs on."""


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU time in seconds, and how often the limit held it back."""

    usage: float | None = None
    """All of it."""
    user: float | None = None
    system: float | None = None
    periods: float | None = None
    throttled_periods: float | None = None
    throttled: float | None = None
    burst_periods: float | None = None
    """Periods in which it used what it had saved in others; before Linux 5.14 nobody can save."""
    burst: float | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """Parts of the memory in bytes, faults and failures. The names are cAdvisor's."""

    usage: int | None = None
    """All that is in use, page cache included."""
    rss: int | None = None
    cache: int | None = None
    swap: int | None = None
    mapped_file: int | None = None
    active_file: int | None = None
    inactive_file: int | None = None
    faults: int | None = None
    major_faults: int | None = None
    max_usage: int | None = None
    kernel: int | None = None
    failures: int | None = None
    """How often the usage came to the limit."""
    kills: int | None = None
    """Processes that the kernel killed for want of memory."""
    high_events: int | None = None
    """How often its tasks were slowed down at `memory.high`; of v2 only, as the next."""
    max_events: int | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """Reads and writes of one block device; `name` is `8:0` where nobody knows a better one."""

    name: str
    read_bytes: int = 0
    written_bytes: int = 0
    reads: int | None = None
    writes: int | None = None


@dataclass(frozen=True, slots=True)
class Interface:
    """Counters of one network interface, in the order of `/proc/net/dev`."""

    name: str
    receive: tuple[int, int, int, int]
    """Bytes, packets, errors, dropped packets."""
    transmit: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Pressure:
    """Seconds in which some, or all, tasks of a cgroup waited for a resource."""

    some: float
    full: float | None


Sockets = Mapping[tuple[str, str], int]
"""Sockets of a network namespace by protocol and state."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the kernel says of a container; what could not be read is None or empty."""

    cpu: Cpu = Cpu()
    memory: Memory = Memory()
    devices: tuple[Device, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    sockets: Sockets | None = None
    pressure: Mapping[str, Pressure] | None = None
    """By resource: cpu, memory, io."""
    threads: int | None = None
    processes: int | None = None


def fields(data: bytes) -> Fields:
    """Return the pairs of a file of `name value` lines."""
    words = data.split()
    return dict(zip(words[::2], words[1::2], strict=True))


def number(data: bytes) -> int:
    """Return the only number of a file."""
    return int(data)


def count_lines(data: bytes) -> int:
    """Return how many lines a file has: `cgroup.procs` has one a process."""
    return data.count(b"\n")


def v1_usage(data: bytes) -> float:
    """Return the seconds of `cpuacct.usage`."""
    return int(data) / 1e9


def v1_ticks(data: bytes) -> tuple[float, float]:
    """Return user and system seconds of `cpuacct.stat`."""
    found = fields(data)
    return int(found[b"user"]) / TICKS, int(found[b"system"]) / TICKS


def v1_throttling(data: bytes) -> dict[str, float]:
    """Return what the limit did, of v1's `cpu.stat`."""
    return _throttling(fields(data), b"throttled_time", b"burst_time", 1e9)


def _throttling(found: Fields, throttled: bytes, burst: bytes, second: float) -> dict[str, float]:
    parts: dict[str, float] = {
        "periods": int(found[b"nr_periods"]),
        "throttled_periods": int(found[b"nr_throttled"]),
        "throttled": int(found[throttled]) / second,
    }
    if b"nr_bursts" in found:
        parts |= {"burst_periods": int(found[b"nr_bursts"]), "burst": int(found[burst]) / second}
    return parts


def v2_cpu(data: bytes) -> Cpu:
    """Return v2's `cpu.stat`; without the controller it has the times alone."""
    found = fields(data)
    usage, user = int(found[b"usage_usec"]) / 1e6, int(found[b"user_usec"]) / 1e6
    system = int(found[b"system_usec"]) / 1e6
    if b"nr_periods" not in found:
        return Cpu(usage, user, system)
    return Cpu(usage, user, system, **_throttling(found, b"throttled_usec", b"burst_usec", 1e6))


def v1_kills(data: bytes) -> int:
    """Return the kills that `memory.oom_control` tells of, since Linux 4.13."""
    return int(fields(data)[b"oom_kill"])


def v2_events(data: bytes) -> dict[str, int]:
    """Return how often `memory.events` says the limits were met, and how many were killed."""
    found = fields(data)
    high, most = int(found[b"high"]), int(found[b"max"])
    kills = int(found[b"oom_kill"])
    return {"failures": most, "kills": kills, "high_events": high, "max_events": most}


def v1_memory(stat: bytes) -> dict[str, int]:
    """Return the parts of v1's `memory.stat`, of the cgroup and those below it."""
    found = fields(stat)
    return {
        "rss": int(found[b"total_rss"]),
        "cache": int(found[b"total_cache"]),
        "swap": int(found.get(b"total_swap", 0)),
        "mapped_file": int(found[b"total_mapped_file"]),
        "active_file": int(found[b"total_active_file"]),
        "inactive_file": int(found[b"total_inactive_file"]),
        "faults": int(found[b"total_pgfault"]),
        "major_faults": int(found[b"total_pgmajfault"]),
    }


def v2_memory(stat: bytes) -> dict[str, int]:
    """Return the parts of v2's `memory.stat`; `kernel` only since Linux 5.18."""
    found = fields(stat)
    parts = {
        "rss": int(found[b"anon"]),
        "cache": int(found[b"file"]),
        "mapped_file": int(found[b"file_mapped"]),
        "active_file": int(found[b"active_file"]),
        "inactive_file": int(found[b"inactive_file"]),
        "faults": int(found[b"pgfault"]),
        "major_faults": int(found[b"pgmajfault"]),
    }
    return parts | ({"kernel": int(found[b"kernel"])} if b"kernel" in found else {})


def v1_io(data: bytes) -> dict[str, tuple[int, int]]:
    """Return reads and writes by device of a `blkio.throttle` file."""
    found: dict[str, tuple[int, int]] = {}
    words = data.split()
    if words[-2:-1] != [b"Total"]:
        raise ValueError("no total")
    for device, operation, count in zip(words[:-2:3], words[1:-2:3], words[2:-2:3], strict=True):
        if operation in {b"Read", b"Write"}:
            reads, writes = found.get(device.decode(), (0, 0))
            value = int(count)
            found[device.decode()] = (value, writes) if operation == b"Read" else (reads, value)
    return found


def v2_io(data: bytes) -> tuple[Device, ...]:
    """Return the devices of `io.stat`; one that was never used has no numbers there."""
    found = []
    for line in data.decode().splitlines():
        name, *pairs = line.split()
        values = {key: value for key, _, value in (pair.partition("=") for pair in pairs)}
        if values:
            numbers = (int(values[key]) for key in ("rbytes", "wbytes", "rios", "wios"))
            found.append(Device(name, *numbers))
    return tuple(found)


def net_dev(data: bytes) -> tuple[Interface, ...]:
    """Return the interfaces of `/proc/PID/net/dev`, without loopback."""
    lines = data.split(b"\n")
    if not lines[1].lstrip().startswith(b"face"):
        raise ValueError("not /proc/net/dev")
    found = []
    for line in lines[2:-1]:
        name, _, rest = line.partition(b":")
        label = name.strip().decode()
        if label != "lo":
            r_bytes, r_packets, r_errors, r_dropped, *_ = n = [int(word) for word in rest.split()]
            received = (r_bytes, r_packets, r_errors, r_dropped)
            found.append(Interface(label, received, (n[8], n[9], n[10], n[11])))
    return tuple(found)


def sockstat(data: bytes) -> dict[tuple[str, str], int]:
    """Return what `sockstat` or `sockstat6` tells of this network namespace.

    `alloc`, `orphan` and `mem` are left out: they are the whole host's.
    """
    found: dict[tuple[str, str], int] = {}
    for name, count, waiting in _SOCKETS.findall(data):
        found[_COUNTED[name]] = int(count)
        if waiting:
            found["tcp", "timewait"] = int(waiting)
    if not found:
        raise ValueError("not a sockstat")
    return found


# One pattern for all lines, since the host's own numbers make each look's bytes new.
_SOCKETS = re.compile(
    rb"^(sockets: used|(?:TCP|UDP)6?: inuse) (\d+)(?: orphan \d+ tw (\d+))?", re.MULTILINE
)
_COUNTED = {
    b"sockets: used": ("all", "used"),
    b"TCP: inuse": ("tcp", "inuse"),
    b"UDP: inuse": ("udp", "inuse"),
    b"TCP6: inuse": ("tcp6", "inuse"),
    b"UDP6: inuse": ("udp6", "inuse"),
}


def pressure(data: bytes) -> Pressure:
    """Return the totals of a PSI file; `full` is missing for the CPU before Linux 5.13."""
    some, _, rest = data.partition(b"\n")
    kind, _, total = some.rpartition(b" total=")
    if not kind.startswith(b"some "):
        raise ValueError("not a PSI file")
    full = int(rest.rpartition(b" total=")[2]) / 1e6 if rest.startswith(b"full ") else None
    return Pressure(int(total) / 1e6, full)


def device_names(partitions: bytes) -> dict[str, str]:
    """Return `/dev/…` by `major:minor`, from `/proc/partitions`."""
    rows = [line.split() for line in partitions.decode().splitlines()[2:]]
    return {f"{row[0]}:{row[1]}": f"/dev/{row[3]}" for row in rows if len(row) == 4}
