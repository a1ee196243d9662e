from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from exporters.containers.deaths import Deaths, Kills, Starts
from exporters.containers.model import Memory, Reading
from exporters.containers.source import Sample
from exporters.containers.tally import KEPT, Tally
from exporters.core.exposition import Limits, ignore_drops
from exporters.core.telemetry import Telemetry
from exporters.docker import DockerClient, DockerSettings, Inventory
from exporters.docker.model import Container, Event
from tests.containers.trees import KEY, container

WEB = ("web", "")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tally(clock: Clock) -> Tally:
    telemetry = Telemetry(CollectorRegistry(), "test")
    inventory = Inventory(DockerClient(DockerSettings()), telemetry)
    return Tally(inventory, Limits(), ignore_drops, clock)


def event(action: str, moment: float, key: str = "a", **attributes: str) -> Event:
    named = {"name": "web", **attributes}
    return Event("container", action, "", key, named, int(moment * 1e9))


def dead(finished: float, code: int = 1, *, oom: bool = False) -> Container:
    return replace(
        container(),
        id="a",
        state="exited",
        pid=0,
        finished_at=finished,
        exit_code=code,
        oom_killed=oom,
    )


def test_a_service_begins_at_zero_and_outlives_its_containers_by_a_day(
    tally: Tally, clock: Clock
) -> None:
    tally.changed(None, container())
    assert tally.restarts.value(WEB) == 0
    assert tally.exits.value((*WEB, "137")) == 0
    tally.happened(event("die", 1001, exitCode="7"))
    tally.changed(container(), None)
    clock.now += KEPT
    tally.see([])
    assert tally.exits.value((*WEB, "7")) == 1
    clock.now += 1
    tally.see([])
    assert [len(family) for family in tally.families] == [0, 0, 0]


def test_a_service_that_is_seen_again_keeps_its_counts(tally: Tally, clock: Clock) -> None:
    tally.happened(event("die", 1001, exitCode="7"))
    clock.now += KEPT
    tally.see([WEB])
    clock.now += KEPT
    tally.see([])
    assert tally.exits.value((*WEB, "7")) == 1


def test_a_death_is_counted_once_whoever_tells_it_first(tally: Tally) -> None:
    tally.happened(event("die", 1001.2, exitCode="1"))
    tally.changed(container(), dead(1001.19))
    tally.changed(container(), dead(1005.0))
    tally.happened(event("die", 1005.1, exitCode="1"))
    tally.happened(event("die", 1005.1, exitCode="1"))
    assert tally.exits.value((*WEB, "1")) == 2


def test_a_death_before_we_began_is_none_of_ours(tally: Tally) -> None:
    tally.changed(None, dead(900.0))
    assert tally.exits.value((*WEB, "1")) == 0


def test_an_engine_whose_clock_is_behind_or_set_back_has_its_deaths_counted(tally: Tally) -> None:
    for moment in (999.0, 1002.0, 700.0):
        tally.happened(event("die", moment, exitCode="1"))
        tally.changed(container(), dead(moment - 0.01))
    assert tally.exits.value((*WEB, "1")) == 3


def test_a_kill_that_only_the_inspection_told_of_is_counted(tally: Tally) -> None:
    tally.changed(container(), dead(1001, 137, oom=True))
    assert tally.kills.value(WEB) == 1


def test_a_kill_that_an_event_told_of_is_not_counted_again(tally: Tally) -> None:
    tally.happened(event("oom", 1001))
    tally.happened(event("die", 1001.1, exitCode="137"))
    tally.changed(container(), dead(1001.09, 137, oom=True))
    assert tally.kills.value(WEB) == 1


def killed(kills: int, started: float) -> Sample:
    at = replace(container(), started_at=started)
    return Sample(at, Reading(memory=Memory(kills=kills)), None, started)


def test_kills_from_before_we_began_are_none_of_ours(tally: Tally) -> None:
    counts = []
    for kills in (5, 5, 6):
        tally.sampled([killed(kills, started=900.0)])
        counts.append(tally.kills.value(WEB))
    assert counts == [0, 0, 1]


def test_the_first_look_at_a_new_run_counts_all_its_kills(tally: Tally) -> None:
    tally.sampled([killed(2, started=1001.0)])
    tally.happened(event("start", 1002, KEY))
    tally.sampled([killed(1, started=1002.0)])
    assert tally.kills.value(WEB) == 3


TASK = {
    "com.docker.swarm.service.name": "shop_web",
    "com.docker.stack.namespace": "shop",
}


def test_swarms_replacement_of_a_task_that_failed_is_a_restart(tally: Tally) -> None:
    first = TASK | {"com.docker.swarm.task.name": "shop_web.1.aaa"}
    second = TASK | {"com.docker.swarm.task.name": "shop_web.1.bbb"}
    tally.happened(event("start", 1001, "a", **first))
    tally.happened(event("die", 1002, "a", exitCode="1", **first))
    tally.happened(event("start", 1003, "b", **second))
    assert tally.restarts.value(("web", "shop")) == 1


def test_swarms_replacement_of_a_task_that_was_told_to_stop_is_none(tally: Tally) -> None:
    first = TASK | {"com.docker.swarm.task.name": "shop_web.1.aaa"}
    second = TASK | {"com.docker.swarm.task.name": "shop_web.1.bbb"}
    tally.happened(event("kill", 1002, "a", **first))
    tally.happened(event("die", 1002, "a", exitCode="143", **first))
    tally.happened(event("start", 1003, "b", **second))
    assert not tally.restarts.value(("web", "shop"))


def test_a_policy_counts_before_the_start_and_a_hand_only_starts() -> None:
    starts = Starts()
    at = replace(container(), started_at=10.0)
    assert starts.again(at) == 0
    assert starts.again(replace(at, restart_count=1, state="restarting")) == 0
    assert starts.again(replace(at, restart_count=1, started_at=11.0)) == 1
    assert starts.again(replace(at, restart_count=1, started_at=12.0)) == 1
    assert starts.again(replace(at, restart_count=4, started_at=13.0)) == 3
    assert starts.again(replace(at, restart_count=4, started_at=13.0)) == 0


def test_a_restart_that_a_stop_took_back_was_none() -> None:
    starts = Starts()
    at = replace(container(), started_at=10.0, restart_count=2)
    assert starts.again(at) == 0
    assert starts.again(replace(at, restart_count=3, state="restarting")) == 0
    assert starts.again(replace(at, state="exited")) == 0
    assert starts.again(replace(at, started_at=11.0)) == 1


def test_a_second_death_soon_after_an_inspected_one_is_new() -> None:
    deaths = Deaths(0.0)
    assert deaths.by_inspection(dead(10.0))
    assert not deaths.by_event("a", 10.1)
    assert deaths.by_event("a", 10.6)


def test_kills_are_the_larger_of_what_events_and_the_kernel_tell() -> None:
    kills = Kills()
    assert [kills.event(), kills.count(1), kills.count(3), kills.event()] == [1, 0, 2, 0]
    assert [kills.event(), kills.event()] == [0, 1]
