"""Numbers out of recorded trees: each version, each layout, each file missing or malformed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exporters.containers import descriptors, turns
from exporters.containers.model import Device, Interface, Pressure
from exporters.containers.source import CgroupSource, Look, Sample
from exporters.docker.model import Container
from tests.containers import trees
from tests.containers.trees import KEY, V1, V2, container

SHARED = {"cpu": "cpu,cpuacct", "cpuacct": "cpu,cpuacct"}


@pytest.fixture
def source(tmp_path: Path) -> Iterator[CgroupSource]:
    with CgroupSource(tmp_path / "cgroup", tmp_path / "proc") as opened:
        yield opened


def only(look: Look) -> Sample:
    (sample,) = look.samples
    return sample


def tells_something(sample: Sample) -> bool:
    cpu, memory = sample.reading.cpu, sample.reading.memory
    return cpu.usage is not None or memory.usage is not None


def check_memory(sample: Sample) -> None:
    assert sample.reading.memory.usage == 1_000_000


def check(sample: Sample) -> None:
    """The trees of both versions tell the same story."""
    cpu, memory = sample.reading.cpu, sample.reading.memory
    assert (cpu.usage, memory.usage) == (3.0, 1_000_000)
    assert (cpu.user, cpu.system) == (2.0, 1.0)
    assert (cpu.periods, cpu.throttled_periods, cpu.throttled) == (10, 4, 0.25)
    assert (cpu.burst_periods, cpu.burst) == (3, 0.5)
    assert (memory.rss, memory.cache, memory.swap, memory.kernel) == (400000, 500000, 3000, 60000)
    assert (memory.active_file, memory.inactive_file, memory.mapped_file) == (80000, 200000, 70000)
    assert (memory.max_usage, memory.failures, memory.kills) == (2_000_000, 5, 1)
    assert (memory.faults, memory.major_faults) == (11, 2)
    assert sample.reading.devices == (Device("/dev/vda", 4096, 8192, 1, 2),)
    assert sample.reading.interfaces == (Interface("eth0", (1000, 10, 1, 2), (2000, 20, 3, 4)),)
    assert (sample.reading.threads, sample.reading.processes) == (3, 2)


@pytest.mark.parametrize(
    ("path", "parent", "told"),
    [
        (f"docker/{KEY}", "", f"0::/docker/{KEY}\n"),
        (f"docker/{KEY}", "", f"0::/../{KEY}\n"),
        (f"docker/{KEY}", "", "0::/\n"),
        (f"docker/{KEY}", "", None),
        (f"system.slice/docker-{KEY}.scope", "", None),
        (f"system.slice/docker-{KEY}.scope", "", f"0::/system.slice/docker-{KEY}.scope\n"),
        (f"a.slice/a-b.slice/docker-{KEY}.scope", "a-b.slice", None),
        (f"mine/{KEY}", "/mine", None),
        (f"user.slice/x/docker-{KEY}.scope", "", f"0::/user.slice/x/docker-{KEY}.scope\n"),
    ],
)
def test_version_2_is_read_in_every_layout(
    source: CgroupSource, tmp_path: Path, path: str, parent: str, told: str | None
) -> None:
    trees.v2(tmp_path / "cgroup", path)
    trees.process(tmp_path / "proc", told)
    look = source.look([container(parent)])
    check(only(look))
    assert only(look).reading.pressure == dict.fromkeys(("cpu", "memory", "io"), Pressure(1.5, 0.5))
    memory = only(look).reading.memory
    assert (memory.high_events, memory.max_events) == (7, 5)
    assert look.failures == 0


@pytest.mark.parametrize("folders", [{}, SHARED])
@pytest.mark.parametrize("path", [f"docker/{KEY}", f"system.slice/docker-{KEY}.scope"])
def test_version_1_is_read_in_every_layout(
    source: CgroupSource, tmp_path: Path, path: str, folders: dict[str, str]
) -> None:
    trees.v1(tmp_path / "cgroup", path, folders)
    trees.process(tmp_path / "proc", None)
    check(only(source.look([container()])))


def test_sockets_are_those_of_the_namespace_and_none_of_the_hosts(
    source: CgroupSource, tmp_path: Path
) -> None:
    trees.v2(tmp_path / "cgroup", f"docker/{KEY}")
    trees.process(tmp_path / "proc", None)
    assert only(source.look([container()])).reading.sockets == {
        ("all", "used"): 7,
        ("tcp", "inuse"): 3,
        ("tcp", "timewait"): 2,
        ("udp", "inuse"): 1,
        ("tcp6", "inuse"): 4,
        ("udp6", "inuse"): 5,
    }


@pytest.mark.parametrize("network", ["host", "container:another"])
def test_a_network_that_is_not_its_own_is_not_told_twice(
    source: CgroupSource, tmp_path: Path, network: str
) -> None:
    trees.v2(tmp_path / "cgroup", f"docker/{KEY}")
    trees.process(tmp_path / "proc", None)
    reading = only(source.look([container(network=network)])).reading
    assert (reading.interfaces, reading.sockets) == ((), None)


def test_a_process_id_that_is_anothers_now_tells_nothing_of_networks(
    source: CgroupSource, tmp_path: Path
) -> None:
    trees.v2(tmp_path / "cgroup", f"docker/{KEY}")
    trees.process(tmp_path / "proc", "0::/docker/another\n")
    sample = only(source.look([container()]))
    assert sample.reading.cpu.usage == 3.0
    assert sample.reading.interfaces == ()


FILES = [(2, name) for name in V2] + [(1, name) for name in V1]


def written(version: int, tmp_path: Path) -> None:
    tree = trees.v2 if version == 2 else trees.v1
    tree(tmp_path / "cgroup", f"docker/{KEY}")
    trees.process(tmp_path / "proc", None)


def path_of(version: int, name: str, tmp_path: Path) -> Path:
    controller, _, file = name.rpartition("/")
    return tmp_path / "cgroup" / controller / "docker" / KEY / file


@pytest.mark.parametrize(("version", "name"), FILES)
def test_a_missing_file_hides_its_own_numbers_alone(
    source: CgroupSource, tmp_path: Path, version: int, name: str
) -> None:
    written(version, tmp_path)
    whole = only(source.look([container()]))
    path_of(version, name, tmp_path).unlink()
    with CgroupSource(tmp_path / "cgroup", tmp_path / "proc") as another:
        look = another.look([container()])
    less = only(look)
    assert less.reading != whole.reading
    assert less.reading.interfaces == whole.reading.interfaces
    assert tells_something(less)
    assert look.failures == 0


@pytest.mark.parametrize("content", ["", "nonsense\n", "a b c\n", "\xff\xfe", "usage_usec\n"])
@pytest.mark.parametrize(("version", "name"), FILES)
def test_a_malformed_file_is_counted_and_hides_its_own_numbers_alone(
    source: CgroupSource, tmp_path: Path, version: int, name: str, content: str
) -> None:
    written(version, tmp_path)
    path_of(version, name, tmp_path).write_text(content, encoding="latin-1")
    look = source.look([container()])
    sample = only(look)
    assert tells_something(sample)
    assert sample.reading.interfaces
    idle = name == "io.stat" and len(content.split()) <= 1 and content.isascii()
    harmless = name.endswith("cgroup.procs") or idle
    assert look.failures == (0 if harmless else 1)


@pytest.mark.parametrize("name", trees.NETWORK)
@pytest.mark.parametrize("content", ["", "nonsense", "a: b c\n"])
def test_a_malformed_network_hides_no_cgroup(
    source: CgroupSource, tmp_path: Path, name: str, content: str
) -> None:
    written(2, tmp_path)
    (tmp_path / "proc" / str(trees.PID) / name).write_text(content)
    look = source.look([container()])
    check_memory(only(look))
    assert look.failures == 1


def test_one_unreadable_container_does_not_hide_the_rest(
    source: CgroupSource, tmp_path: Path
) -> None:
    written(2, tmp_path)
    broken = replace(container(), id="b" * 64, pid=0)
    absent = replace(container(), id="d" * 64, pid=0)
    (tmp_path / "cgroup/docker" / broken.id / "cpu.stat").mkdir(parents=True)
    look = source.look([broken, absent, container()])
    assert [each.container.id for each in look.samples] == [broken.id, KEY]
    assert [each.id for each in look.hidden] == [absent.id]
    check(look.samples[1])


def test_the_share_of_the_limit_is_of_the_time_between_two_looks(
    source: CgroupSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([10.0, 10.0, 11.0, 11.0, 12.0, 12.0])
    monkeypatch.setattr("exporters.containers.source.perf_counter", lambda: next(moments))
    written(2, tmp_path)
    assert only(source.look([container()])).utilization is None
    path, rest = f"cgroup/docker/{KEY}/cpu.stat", "user_usec 1\nsystem_usec 1\n"
    trees.write(tmp_path, path, f"usage_usec 4000000\n{rest}")
    assert only(source.look([container()])).utilization == 0.5
    trees.write(tmp_path, path, f"usage_usec 0\n{rest}")
    assert only(source.look([container()])).utilization is None


def test_descriptors_stay_open_and_close_with_the_container(
    source: CgroupSource, tmp_path: Path
) -> None:
    def held() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    written(2, tmp_path)
    before = held()
    source.look([container()])
    opened = held()
    assert opened == before + len(V2) + len(trees.NETWORK)
    source.look([container()])
    assert held() == opened
    source.look([])
    assert held() == before


def test_where_no_more_files_may_stay_open_they_are_opened_for_each_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descriptors, "_RESERVE", 10**9)
    written(2, tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with CgroupSource(tmp_path / "cgroup", tmp_path / "proc") as source:
        for _ in range(2):
            check(only(source.look([container()])))
        assert len(list(Path("/proc/self/fd").iterdir())) == before
        (tmp_path / "cgroup/docker" / KEY / "memory.current").unlink()
        assert source.look([container()]).gone == (KEY,)


def several(tmp_path: Path) -> list[Container]:
    many = [replace(container(), id=f"{number:064x}", pid=number + 1) for number in range(5)]
    for each in many:
        trees.v2(tmp_path / "cgroup", f"docker/{each.id}")
    return many


def test_a_look_reads_everything_of_everybody(
    source: CgroupSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "BUDGET", 60.0)
    many = several(tmp_path)
    before = source.look(many)
    assert source.look(many).samples[0].reading is before.samples[0].reading, "nothing is new"
    for each in many:
        trees.write(tmp_path, f"cgroup/docker/{each.id}/pids.current", "9\n")
    after = source.look(many)
    assert {each.reading.threads for each in before.samples} == {3}
    assert {each.reading.threads for each in after.samples} == {9}


def test_where_that_is_too_dear_all_but_cpu_and_memory_is_read_in_turns(
    source: CgroupSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "BUDGET", 0.0)
    monkeypatch.setattr(turns, "MOST", 3)
    many = several(tmp_path)
    for _ in range(5):
        source.look(many)
    for each in many:
        trees.write(tmp_path, f"cgroup/docker/{each.id}/pids.current", "9\n")
        trees.write(tmp_path, f"cgroup/docker/{each.id}/memory.current", "5\n")
    looks = [source.look(many) for _ in range(3)]
    assert {each.reading.memory.usage for each in looks[0].samples} == {5}
    assert [sum(each.reading.threads == 9 for each in look.samples) for look in looks] == [2, 4, 5]


def test_a_file_that_is_well_again_says_what_it_says(source: CgroupSource, tmp_path: Path) -> None:
    written(2, tmp_path)
    path = f"cgroup/docker/{KEY}/cpu.stat"
    for content, failures in (("nonsense\n", 1), ("nonsense\n", 1), (V2["cpu.stat"], 0)):
        trees.write(tmp_path, path, content)
        look = source.look([container()])
        assert look.failures == failures
        assert (only(look).reading.cpu.usage is None) == bool(failures)


def test_the_hosts_pressure_is_a_share_of_each_look(tmp_path: Path) -> None:
    for resource in ("cpu", "memory"):
        trees.write(tmp_path, f"proc/pressure/{resource}", V2["cpu.pressure"])
    with CgroupSource(tmp_path / "cgroup", tmp_path / "proc") as source:
        assert source.look([]).waits == {}
        more = V2["cpu.pressure"].replace("total=1500000", "total=99999999999")
        trees.write(tmp_path, "proc/pressure/memory", more)
        waits = source.look([]).waits
    assert waits == {("cpu", "some"): 0, ("memory", "some"): 1.0, ("memory", "full"): 0}
