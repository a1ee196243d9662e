"""Recorded trees of the kernel's files, as each version and layout has them."""

from pathlib import Path

from exporters.docker.model import Container, Limits

KEY = "c0ffee" * 10 + "abcd"
PID = 4242

_WAITS = (
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\n"
    "full avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n"
)
_NET = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
    lo:     900       9    0    0    0     0          0         0      900       9    0    0    0 0 0 0
  eth0:    1000      10    1    2    0     0          0         0     2000      20    3    4    0 0 0 0
"""  # noqa: E501  the kernel's own lines
NETWORK = {
    "net/dev": _NET,
    "net/sockstat": (
        "sockets: used 7\nTCP: inuse 3 orphan 99 tw 2 alloc 99 mem 1\nUDP: inuse 1 mem 0\n"
    ),
    "net/sockstat6": "TCP6: inuse 4\nUDP6: inuse 5\nRAW6: inuse 0\n",
}
V2 = {
    "cpu.stat": "usage_usec 3000000\nuser_usec 2000000\nsystem_usec 1000000\nnr_periods 10\n"
    "nr_throttled 4\nthrottled_usec 250000\nnr_bursts 3\nburst_usec 500000\n",
    "memory.current": "1000000\n",
    "memory.peak": "2000000\n",
    "memory.swap.current": "3000\n",
    "memory.stat": "anon 400000\nfile 500000\nkernel 60000\nfile_mapped 70000\nactive_file 80000\n"
    "inactive_file 200000\npgfault 11\npgmajfault 2\n",
    "memory.events": "low 0\nhigh 7\nmax 5\noom 1\noom_kill 1\noom_group_kill 0\n",
    "io.stat": "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n7:0\n",
    "pids.current": "3\n",
    "cgroup.procs": "1\n2\n",
    "cpu.pressure": _WAITS,
    "memory.pressure": _WAITS,
    "io.pressure": _WAITS,
}
V1 = {
    "cpuacct/cpuacct.usage": "3000000000\n",
    "cpuacct/cpuacct.stat": "user 200\nsystem 100\n",
    "cpu/cpu.stat": "nr_periods 10\nnr_throttled 4\nthrottled_time 250000000\n"
    "nr_bursts 3\nburst_time 500000000\n",
    "memory/memory.usage_in_bytes": "1000000\n",
    "memory/memory.max_usage_in_bytes": "2000000\n",
    "memory/memory.failcnt": "5\n",
    "memory/memory.kmem.usage_in_bytes": "60000\n",
    "memory/memory.stat": "cache 1\nrss 1\ntotal_cache 500000\ntotal_rss 400000\ntotal_swap 3000\n"
    "total_mapped_file 70000\ntotal_pgfault 11\ntotal_pgmajfault 2\n"
    "total_inactive_file 200000\ntotal_active_file 80000\n",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
    "blkio/blkio.throttle.io_service_bytes_recursive": "254:0 Read 4096\n254:0 Write 8192\n"
    "254:0 Sync 0\n254:0 Async 12288\n254:0 Discard 0\n254:0 Total 12288\nTotal 12288\n",
    "blkio/blkio.throttle.io_serviced_recursive": "254:0 Read 1\n254:0 Write 2\nTotal 3\n",
    "pids/pids.current": "3\n",
    "pids/cgroup.procs": "1\n2\n",
}
PARTITIONS = "major minor  #blocks  name\n\n 254        0   10485760 vda\n"


def container(parent: str = "", network: str = "bridge") -> Container:
    """The container of the trees."""
    return Container(
        id=KEY,
        name="web",
        image="shop:1",
        service="web",
        stack="",
        labels={},
        state="running",
        health="",
        pid=PID,
        created_at=0.5,
        started_at=1.0,
        finished_at=0.0,
        exit_code=0,
        oom_killed=False,
        restart_count=0,
        network=network,
        cgroup_parent=parent,
        limits=Limits(2.0, 100_000, 0, 2**28, 0, 0, 100),
    )


def write(root: Path, path: str, content: str) -> None:
    """One file of a tree."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content)


def process(proc: Path, told: str | None) -> None:
    """The container's process; `told` is what its `cgroup` file says, None for no such file."""
    write(proc, "partitions", PARTITIONS)
    for name, content in NETWORK.items():
        write(proc, f"{PID}/{name}", content)
    if told is not None:
        write(proc, f"{PID}/cgroup", told)


def v2(root: Path, path: str) -> None:
    """A unified tree with the container at `path`."""
    write(root, "cgroup.controllers", "cpu io memory pids\n")
    for name, content in V2.items():
        write(root, f"{path}/{name}", content)


def v1(root: Path, path: str, folders: dict[str, str] | None = None) -> None:
    """A tree for each controller; `folders` names those that share one, as systemd mounts them."""
    for name, content in V1.items():
        controller, _, file = name.partition("/")
        write(root, f"{(folders or {}).get(controller, controller)}/{path}/{file}", content)
