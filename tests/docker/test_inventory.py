import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from exporters.core.backoff import Backoff
from exporters.core.poller import Pace
from exporters.core.telemetry import Telemetry
from exporters.docker import DockerClient, DockerSettings, Inventory
from exporters.docker.events import LONGEST
from exporters.docker.model import Container, Event
from tests.docker.answering import Answering, details, serving


class Diary:
    def __init__(self) -> None:
        self.changes: list[tuple[Container | None, Container | None]] = []
        self.events: list[str] = []

    def changed(self, before: Container | None, after: Container | None) -> None:
        self.changes.append((before, after))

    def happened(self, event: Event) -> None:
        self.events.append(event.action)


@asynccontextmanager
async def following(
    fake: Answering, folder: Path, interval: float = 60.0
) -> AsyncIterator[tuple[Inventory, Diary]]:
    diary = Diary()
    async with serving(fake.answer, folder) as host:
        async with DockerClient(DockerSettings(host=host), deadline=2.0) as client:
            telemetry = Telemetry(CollectorRegistry(), "test")
            pace = Pace(interval, 2.0, 300.0)
            quick = Backoff(initial=0.02, limit=0.05)
            inventory = Inventory(client, telemetry, pace=pace, backoff=quick)
            inventory.watch(diary)
            tasks = [asyncio.create_task(each.run()) for each in (inventory.poller, inventory)]
            try:
                await until(lambda: inventory.answers.is_set() and fake.streams)
                yield inventory, diary
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.01)


def engine(*keys: str) -> Answering:
    fake = Answering()
    fake.containers = {key: details(key, key) for key in keys}
    return fake


async def test_events_tell_at_once_who_comes_changes_and_goes(tmp_path: Path) -> None:
    fake = engine("a")
    async with following(fake, tmp_path) as (inventory, diary):
        fake.containers["b"] = details("b", "b")
        fake.tell("start", "b")
        await until(lambda: "b" in inventory.containers)
        fake.containers["b"] = details("b", "b", Status="paused")
        fake.tell("pause", "b")
        await until(lambda: inventory.containers["b"].state == "paused")
        del fake.containers["b"]
        fake.tell("destroy", "b")
        await until(lambda: "b" not in inventory.containers)
    assert diary.events == ["start", "pause", "destroy"]
    assert diary.changes[-1][1] is None


async def test_a_death_is_applied_before_the_engine_is_asked(tmp_path: Path) -> None:
    fake = engine("a")
    async with following(fake, tmp_path) as (inventory, diary):
        fake.tell("die", "a", exitCode="1")
        await until(lambda: diary.events == ["die"])
        assert any(after and not after.running for _, after in diary.changes)
        await until(lambda: inventory.containers["a"].running)  # the fake says that it runs


async def test_lost_events_are_found_by_the_next_listing(tmp_path: Path) -> None:
    fake = engine("a", "b")
    async with following(fake, tmp_path, interval=0.1) as (inventory, _):
        del fake.containers["a"]
        fake.containers["c"] = details("c", "c")
        fake.containers["b"] = details("b", "renamed")
        await until(lambda: set(inventory.containers) == {"b", "c"})
        await until(lambda: inventory.containers["b"].name == "renamed")


async def test_a_broken_stream_is_taken_up_again_and_all_are_looked_at(tmp_path: Path) -> None:
    fake = engine("a")
    async with following(fake, tmp_path) as (inventory, _):
        fake.containers["a"] = details("a", "a", restarts=7)
        fake.hang_up()
        await until(lambda: inventory.containers["a"].restart_count == 7)
        await until(lambda: fake.streams)
        fake.containers["z"] = details("z", "z")
        fake.tell("start", "z")
        await until(lambda: "z" in inventory.containers)


async def test_an_event_that_comes_twice_is_told_once(tmp_path: Path) -> None:
    fake = engine("a")
    async with following(fake, tmp_path) as (_, diary):
        fake.tell("oom", "a")
        await until(lambda: diary.events == ["oom"])
        fake.now -= 10**6
        fake.tell("oom", "a")
        fake.tell("start", "a")
        await until(lambda: "start" in diary.events)
        assert diary.events == ["oom", "start"]


async def test_one_container_that_cannot_be_inspected_hides_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fake = engine("a", "b")
    fake.containers["b"]["Config"] = None
    async with following(fake, tmp_path, interval=0.05) as (inventory, _):
        await until(lambda: fake.asked.count("/v1.41/containers/b/json") > 3)
        assert set(inventory.containers) == {"a"}
        assert inventory.health().reason == ""
        await asyncio.wait_for(inventory.answers.wait(), 10)  # not set while it is listing
    assert [each.levelname for each in caplog.records] == ["WARNING"]


async def test_what_an_inspection_missed_is_looked_at_again(tmp_path: Path) -> None:
    fake = engine("a", "b")
    async with following(fake, tmp_path, interval=0.05) as (inventory, _):
        fake.containers["b"] = details("b", "renamed") | {"Config": None}
        fake.containers["c"] = details("c", "c")
        await until(lambda: "c" in inventory.containers)
        fake.containers["b"] = details("b", "renamed")
        await until(lambda: inventory.containers["b"].name == "renamed")


async def test_events_of_health_checks_ask_for_nothing(tmp_path: Path) -> None:
    fake = engine("a")
    async with following(fake, tmp_path) as (_, diary):
        asked = len(fake.asked)
        for action in ("exec_create: test", "exec_start: test", "exec_die"):
            fake.tell(action, "a")
        await until(lambda: len(diary.events) == 3)
        assert len(fake.asked) == asked


@pytest.mark.parametrize("size", [LONGEST // 2, 2 * LONGEST])
async def test_an_event_with_endless_labels_breaks_no_stream(tmp_path: Path, size: int) -> None:
    fake = engine("a")
    async with following(fake, tmp_path) as (inventory, diary):
        fake.tell("oom", "a", label="x" * size)
        fake.containers["b"] = details("b", "b")
        fake.tell("start", "b")
        await until(lambda: "b" in inventory.containers)
        assert diary.events == (["oom", "start"] if size < LONGEST else ["start"])
    assert fake.asked.count("/v1.41/events") == 1
