"""The look of each second against an engine that refuses, hangs, or tells of another's network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from exporters.containers import sampling
from exporters.containers.model import Interface
from exporters.containers.sampling import Sampling
from exporters.containers.source import CgroupSource, Sampler
from exporters.containers.stats import StatsSource, parse_stats
from exporters.containers.tally import Tally
from exporters.core.exposition import Limits, ignore_drops
from exporters.core.telemetry import Telemetry
from exporters.docker import DockerClient, DockerSettings, Inventory
from tests.containers import trees
from tests.docker.answering import Answering, details, serving


@asynccontextmanager
async def looking(fake: Answering, folder: Path) -> AsyncIterator[Sampling]:
    """Give the looks at the containers of an engine whose files are under `folder`."""
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
        yield Sampling(sampler, stats, inventory, tally, telemetry, Limits(), ignore_drops)


@pytest.mark.parametrize("trouble", [{"status": 403}, {"status": 500}, {"silent": True}])
async def test_one_that_the_engine_will_not_tell_of_hides_none_whose_files_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: dict[str, int]
) -> None:
    monkeypatch.setattr(sampling, "PATIENCE", 0.1)
    fake = Answering()
    fake.containers = {key: details(key, key, Pid=pid) for pid, key in enumerate("ab", 1)}
    trees.v2(tmp_path / "cgroup", "docker/a")
    async with looking(fake, tmp_path) as looks:
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
