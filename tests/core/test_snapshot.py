import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from exporters.core.exposition import Limits, Policy, ValueFamily
from exporters.core.snapshot import Sheet, SnapshotCollector


@dataclass
class Kept:
    """A poller whose snapshots a test gives."""

    snapshot: Sheet | None = None
    followers: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    def follow(self, follower: Callable[[], Awaitable[None]]) -> None:
        self.followers.append(follower)

    async def take(self, snapshot: Sheet) -> None:
        self.snapshot = snapshot
        for follower in self.followers:
            await follower()


class Shelf:
    """Two families filled by two pollers: `downloads` by both, `info` by the first alone."""

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        self.drops: list[tuple[str, int]] = []
        self.downloads = ValueFamily(
            "gauge",
            "downloads",
            "Downloads.",
            ["episode", "source"],
            limits=limits,
            on_drop=lambda family, count: self.drops.append((family, count)),
        )
        self.info = ValueFamily("gauge", "info", "Titles.", ["title"])
        self.app, self.stream = Kept(), Kept()
        self.collector = SnapshotCollector((self.downloads, self.info), (self.app, self.stream))

    def page(self) -> dict[str, dict[tuple[str, ...], float]]:
        return {
            family.name: {tuple(s.labels.values()): s.value for s in family.samples}
            for family in self.collector.collect()
        }


APP: Sheet = {
    "downloads": [(("1", "app"), 7.0), (("2", "app"), 8.0)],
    "info": [(("Pilot",), 1.0)],
}
STREAM: Sheet = {"downloads": [(("1", "stream"), 5.0)]}


def test_nothing_is_shown_before_the_first_snapshot() -> None:
    assert Shelf().page() == {}


def test_rows_of_several_pollers_are_one_family() -> None:
    shelf = Shelf()
    shelf.app.snapshot, shelf.stream.snapshot = APP, STREAM
    assert shelf.page() == {
        "downloads": {("1", "app"): 7, ("2", "app"): 8, ("1", "stream"): 5},
        "info": {("Pilot",): 1},
    }


def test_a_snapshot_that_is_too_old_takes_only_its_own_rows_away() -> None:
    shelf = Shelf()
    shelf.app.snapshot, shelf.stream.snapshot = APP, STREAM
    shelf.page()
    shelf.app.snapshot = None
    assert shelf.page() == {"downloads": {("1", "stream"): 5}}
    shelf.stream.snapshot = None
    assert shelf.page() == {}


def test_a_row_that_is_gone_from_the_source_is_gone_from_the_page() -> None:
    shelf = Shelf()
    shelf.app.snapshot = APP
    shelf.page()
    shelf.app.snapshot = {"downloads": [(("2", "app"), 3.0)]}
    assert shelf.page() == {"downloads": {("2", "app"): 3}}


def test_a_snapshot_is_copied_once_however_many_scrapers_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf = Shelf()
    shelf.app.snapshot = APP
    shelf.page()
    monkeypatch.setattr(shelf.downloads, "replace", None)
    assert shelf.page() == shelf.page() != {}


def many(source: str, rows: int = 10_000) -> Sheet:
    return {"downloads": [((str(number), source), float(number)) for number in range(rows)]}


async def test_rows_are_written_when_they_are_read_and_not_by_the_scrape(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf = Shelf(Limits(label=20_000))
    await shelf.app.take(many("app"))
    await shelf.stream.take(STREAM)
    monkeypatch.setattr(shelf.downloads, "replace", None)
    monkeypatch.setattr(shelf.info, "replace", None)
    assert len(shelf.page()["downloads"]) == 10_001


async def test_writing_many_rows_lets_the_event_loop_turn() -> None:
    shelf = Shelf(Limits(label=20_000))
    turns, running = 0, True

    async def watch() -> None:
        nonlocal turns
        while running:
            turns += 1
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    await shelf.app.take(many("app", 20_000))
    running = False
    await watching
    # Written in one go it would be two or three; how long a turn takes is the machine's affair.
    assert turns > 10


async def test_polls_that_end_together_lose_no_rows() -> None:
    shelf = Shelf(Limits(label=20_000))
    for _ in range(5):
        await asyncio.gather(shelf.app.take(many("app")), shelf.stream.take(many("stream")))
        assert len(shelf.page()["downloads"]) == 20_000


def test_the_limit_of_a_family_holds_over_all_pollers_together() -> None:
    shelf = Shelf(Limits(series=2))
    shelf.app.snapshot, shelf.stream.snapshot = APP, STREAM
    assert shelf.page()["downloads"] == {
        ("1", "app"): 7,
        ("2", "app"): 8,
        ("other", "other"): 5,
    }
    assert shelf.drops == [("downloads", 1)]


def test_rows_over_the_limit_are_left_out_where_adding_up_is_nonsense() -> None:
    shelf = Shelf(Limits(series=1, policy=Policy.DROP))
    shelf.app.snapshot = APP
    assert shelf.page()["downloads"] == {("1", "app"): 7}
    assert shelf.drops == [("downloads", 1)]


def test_a_second_family_of_the_same_name_is_refused_by_the_registry() -> None:
    registry = CollectorRegistry(auto_describe=True)
    registry.register(Shelf().collector)
    with pytest.raises(ValueError, match="downloads"):
        registry.register(ValueFamily("gauge", "downloads", "Others."))
