"""The look of each second and its page, against a small engine and recorded trees."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from exporters.containers import sampling
from exporters.containers.model import Interface
from exporters.containers.sampling import Sampling
from exporters.containers.show import ContainersCollector
from exporters.containers.source import CgroupSource, Sampler
from exporters.containers.stats import StatsSource, parse_stats
from exporters.containers.tally import Tally
from exporters.core.exposition import Limits, ignore_drops
from exporters.core.telemetry import Telemetry
from exporters.docker import DockerClient, DockerSettings, Inventory
from tests.containers import trees
from tests.docker.answering import Answering, details, serving


@asynccontextmanager
async def looking(fake: Answering, folder: Path) -> AsyncIterator[tuple[Sampling, Inventory]]:
    """Give the looks at the containers of an engine whose files are under `folder`, and these."""
    source = CgroupSource(folder / "cgroup", folder / "proc")
    async with (
        serving(fake.answer, folder) as host,
        DockerClient(DockerSettings(host=host)) as client,
        Sampler(source) as sampler,
    ):
        telemetry = Telemetry(CollectorRegistry(), "test")
        inventory = Inventory(client, telemetry)
        await inventory.reconcile()
        tally = Tally(inventory, Limits(), ignore_drops)
        stats = StatsSource(client)
        looks = Sampling(sampler, stats, inventory, tally, telemetry, Limits(), ignore_drops)
        yield looks, inventory


@pytest.mark.parametrize("trouble", [{"status": 403}, {"status": 500}, {"silent": True}])
async def test_one_that_the_engine_will_not_tell_of_hides_none_whose_files_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: dict[str, int]
) -> None:
    monkeypatch.setattr(sampling, "PATIENCE", 0.1)
    fake = Answering()
    fake.containers = {key: details(key, key, Pid=pid) for pid, key in enumerate("ab", 1)}
    trees.v2(tmp_path / "cgroup", "docker/a")
    async with looking(fake, tmp_path) as (looks, _):
        vars(fake).update(trouble)
        assert [each.container.name for each in await looks.read()] == ["a"]
        assert looks.errors.value(()) == 1


def test_a_network_that_is_anothers_is_not_told_twice_by_the_stats_api_either() -> None:
    counters = {"rx_bytes": 1, "rx_packets": 2, "rx_errors": 3, "rx_dropped": 4, "tx_bytes": 5}
    cpu = {"cpu_usage": {"total_usage": 1}}
    answer = {"cpu_stats": cpu, "networks": {"eth0": counters}}
    assert parse_stats(answer, network=True).interfaces == (
        Interface("eth0", (1, 2, 3, 4), (5, 0, 0, 0)),
    )
    assert parse_stats(answer, network=False).interfaces == ()


V2 = {
    "container_cpu_usage_seconds_total": {"total": 3.0},
    "container_cpu_user_seconds_total": {"": 2.0},
    "container_cpu_system_seconds_total": {"": 1.0},
    "container_cpu_cfs_periods_total": {"": 10},
    "container_cpu_cfs_throttled_periods_total": {"": 4},
    "container_cpu_cfs_throttled_seconds_total": {"": 0.25},
    "container_cpu_cfs_burst_periods_total": {"": 3},
    "container_cpu_cfs_burst_seconds_total": {"": 0.5},
    "container_memory_usage_bytes": {"": 1_000_000},
    "container_memory_working_set_bytes": {"": 800_000},
    "container_memory_rss": {"": 400_000},
    "container_memory_cache": {"": 500_000},
    "container_memory_swap": {"": 3_000},
    "container_memory_mapped_file": {"": 70_000},
    "container_memory_max_usage_bytes": {"": 2_000_000},
    "container_memory_kernel_usage": {"": 60_000},
    "container_memory_total_active_file_bytes": {"": 80_000},
    "container_memory_total_inactive_file_bytes": {"": 200_000},
    "container_memory_failcnt": {"": 5},
    "container_memory_events_high_total": {"": 7},
    "container_memory_events_max_total": {"": 5},
    "container_memory_failures_total": {"pgfault hierarchy": 11, "pgmajfault hierarchy": 2},
    "container_fs_reads_bytes_total": {"/dev/vda": 4096},
    "container_fs_writes_bytes_total": {"/dev/vda": 8192},
    "container_fs_reads_total": {"/dev/vda": 1},
    "container_fs_writes_total": {"/dev/vda": 2},
    "container_network_receive_bytes_total": {"eth0": 1000},
    "container_network_receive_packets_total": {"eth0": 10},
    "container_network_receive_errors_total": {"eth0": 1},
    "container_network_receive_packets_dropped_total": {"eth0": 2},
    "container_network_transmit_bytes_total": {"eth0": 2000},
    "container_network_transmit_packets_total": {"eth0": 20},
    "container_network_transmit_errors_total": {"eth0": 3},
    "container_network_transmit_packets_dropped_total": {"eth0": 4},
    "container_pressure_cpu_waiting_seconds_total": {"": 1.5},
    "container_pressure_cpu_stalled_seconds_total": {"": 0.5},
    "container_pressure_memory_waiting_seconds_total": {"": 1.5},
    "container_pressure_memory_stalled_seconds_total": {"": 0.5},
    "container_pressure_io_waiting_seconds_total": {"": 1.5},
    "container_pressure_io_stalled_seconds_total": {"": 0.5},
    "container_spec_cpu_period": {"": 100_000},
    "container_spec_cpu_quota": {"": 50_000},
    "container_spec_cpu_shares": {"": 1024},
    "container_spec_memory_limit_bytes": {"": 2**26},
    "container_spec_memory_swap_limit_bytes": {"": 0},
    "container_spec_memory_reservation_limit_bytes": {"": 0},
    "container_threads": {"": 3},
    "container_threads_max": {"": 100},
    "container_processes": {"": 2},
    "container_start_time_seconds": {"": 1767323045.5},
    "container_creation_time_seconds": {"": 1767323044.0},
    "container_health_state": {"": -1},
}


async def test_the_page_has_the_names_and_units_of_cadvisor(tmp_path: Path) -> None:
    fake = Answering()
    answer = details("a", "web", Pid=trees.PID) | {"Created": "2026-01-02T03:04:04Z"}
    answer["HostConfig"] |= {"NanoCpus": 5 * 10**8, "Memory": 2**26, "PidsLimit": 100}
    fake.containers = {"a": answer}
    trees.v2(tmp_path / "cgroup", "docker/a")
    trees.process(tmp_path / "proc", None)
    async with looking(fake, tmp_path) as (looks, inventory):
        await looks.poller.poll()
        page = ContainersCollector(looks.poller, inventory, (), Limits(), ignore_drops)
        samples = [sample for family in page.collect() for sample in family.samples]
    common = {"id": "/docker/a", "name": "web", "image": "shop:1", "service": "web", "stack": ""}
    found: dict[str, dict[str, float]] = {}
    for each in samples:
        if each.labels.items() >= common.items():
            more = " ".join(value for key, value in each.labels.items() if key not in common)
            found.setdefault(each.name, {})[more] = each.value
    assert found.pop("container_last_seen")[""] > 0
    assert found == V2


async def test_two_who_ask_at_once_see_each_their_own_containers(tmp_path: Path) -> None:
    fake = Answering()
    fake.containers = {key: details(key, key, Pid=pid) for pid, key in enumerate("ab", 1)}
    for key in "ab":
        trees.v2(tmp_path / "cgroup", f"docker/{key}")
    async with looking(fake, tmp_path) as (looks, inventory):
        await looks.poller.poll()
        page = ContainersCollector(looks.poller, inventory, (), Limits(), ignore_drops)
        first = page.collect()
        seen = [next(first)]
        del fake.containers["b"]
        await inventory.reconcile()
        await looks.poller.poll()
        names = {sample.labels["name"] for family in page.collect() for sample in family.samples}
        seen += list(first)
    assert names == {"a"}
    assert len(seen) > 10
