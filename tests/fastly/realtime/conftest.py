"""A fake Fastly, and what reads from it without waiting for anybody's clock."""

from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry

from exporters.core.exposition import Limits
from exporters.core.telemetry import Telemetry
from exporters.fastly.api import FastlyApi
from exporters.fastly.realtime.channel import ServiceChannel
from exporters.fastly.realtime.model import Service
from exporters.fastly.realtime.statistics import Statistics
from tests.fastly.realtime.fake import Fastly

SHOW = Service("s1", "The Show", "7")


class Clock:
    """A clock that moves when it is told to; sleeping moves it, too."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Sums:
    """What the collector has on the page."""

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics

    def value(self, name: str, place: str | None = "LHR", **labels: str) -> float | None:
        """Return the value of a sample of the show, None where there is none."""
        where = {} if place is None else {"datacenter": place}
        service = {"service_id": "s1", "service_name": "The Show"}
        wanted = {**service, **where, **labels}
        found = [
            sample.value
            for family in self._statistics.collect()
            for sample in family.samples
            if sample.name == f"fastly_rt_{name}" and sample.labels == wanted
        ]
        assert len(found) < 2
        return found[0] if found else None

    def names(self) -> set[str]:
        return {family.name for family in self._statistics.collect()}

    def labels(self, label: str) -> set[str]:
        samples = (s for f in self._statistics.collect() for s in f.samples)
        return {s.labels[label] for s in samples if label in s.labels}


@pytest.fixture
async def fastly() -> AsyncIterator[Fastly]:
    async with Fastly() as opened:
        yield opened


@pytest.fixture
async def api(fastly: Fastly) -> AsyncIterator[FastlyApi]:
    async with FastlyApi(fastly.url, fastly.secret, deadline=10.0) as opened:
        yield opened


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry(CollectorRegistry(), "0")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def statistics(clock: Clock) -> Statistics:
    statistics = Statistics(Limits(), lambda *_: None, clock=clock, wall_clock=lambda: 42.0)
    statistics.introduce(SHOW)
    return statistics


@pytest.fixture
def sums(statistics: Statistics) -> Sums:
    return Sums(statistics)


@pytest.fixture
def channel(
    api: FastlyApi, statistics: Statistics, telemetry: Telemetry, clock: Clock
) -> ServiceChannel:
    return ServiceChannel(api, SHOW, statistics, telemetry, sleep=clock.sleep, clock=clock)
