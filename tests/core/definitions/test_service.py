import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram

from exporters.core.definitions import Definitions, names_on_page
from exporters.core.definitions.service import LOOK
from exporters.core.exposition import ValueFamily
from tests.core.definitions.kinds import Taps


class Bench:
    """Definitions of a folder; the time between two looks passes when the test says so."""

    def __init__(self, folder: Path, *more: Taps, reserved: Callable[[], set[str]] = set) -> None:
        self.folder = folder
        self.taps = Taps()
        self.slept: list[float] = []
        self._looked = asyncio.Event()
        self._next = asyncio.Event()
        self.definitions = Definitions(
            [folder / "*.yml"], [self.taps, *more], reserved=reserved, sleep=self._sleep
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._looked.set()
        await self._next.wait()
        self._next.clear()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.definitions.run())
        await asyncio.wait_for(self._looked.wait(), 5)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def write(self, file: str, text: str) -> None:
        """Write a file, and let the next look come."""
        (self.folder / file).write_text(text)
        await self.look()

    async def look(self) -> None:
        self._looked.clear()
        self._next.set()
        await asyncio.wait_for(self._looked.wait(), 5)

    def problems(self, file: str) -> float | None:
        (family,) = self.definitions.collectors
        return family.value((f"queries/{file}",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "queries"
    folder.mkdir()
    return folder


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def test_files_are_read_at_the_start_and_again_when_they_change(folder: Path) -> None:
    (folder / "a.yml").write_text("one: {path: x}")
    bench = Bench(folder)
    async with bench.running():
        assert bench.taps.names == ["one"]
        await bench.write("b.yml", "two: {path: y}")
        assert bench.taps.names == ["one", "two"]
        (folder / "a.yml").unlink()
        await bench.look()
        assert bench.taps.names == ["two"]
    assert set(bench.slept) == {LOOK}


async def test_nothing_happens_while_nothing_changes(folder: Path) -> None:
    (folder / "a.yml").write_text("one: {path: x}")
    bench = Bench(folder)
    async with bench.running():
        await bench.look()
        await bench.look()
        assert len(bench.taps.applied) == 1


async def test_a_reload_reads_even_what_seems_unchanged(folder: Path) -> None:
    (folder / "a.yml").write_text("one: {path: x}")
    bench = Bench(folder)
    async with bench.running():
        await bench.definitions.reload()
        assert len(bench.taps.applied) == 2


async def test_a_broken_file_keeps_its_last_good_version_and_says_so_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "a.yml").write_text("one: {path: x}")
    bench = Bench(folder)
    async with bench.running():
        await bench.write("a.yml", "one: {path: x")
        await bench.look()
        await bench.definitions.reload()
        assert bench.taps.names == ["one"]
        assert bench.problems("a.yml") == 1
        (source,) = bench.definitions.sources()
        assert source.health().fresh
        assert source.health().reason.startswith("queries/a.yml:1: is not YAML: ")
        assert source.health().reason.endswith("; the file's last good version is in use")
        await bench.write("b.yml", "two: {path: y}")
        assert bench.taps.names == ["one", "two"]
        assert lines(caplog) == [source.health().reason]
        await bench.write("a.yml", "three: {path: x}")
        assert bench.taps.names == ["three", "two"]
        assert bench.problems("a.yml") == 0
        assert bench.definitions.sources()[0].health().reason == ""


async def test_a_file_that_never_was_good_is_not_fresh(folder: Path) -> None:
    (folder / "a.yml").write_text("one: {}")
    bench = Bench(folder)
    async with bench.running():
        health = bench.definitions.sources()[0].health()
        assert (health.source, health.fresh) == ("queries/a.yml", False)
        assert health.reason == "queries/a.yml:1: one.path: is missing, and has no default"


async def test_a_file_that_is_gone_leaves_no_series_and_no_source(folder: Path) -> None:
    (folder / "a.yml").write_text("one: {}")
    bench = Bench(folder)
    async with bench.running():
        (folder / "a.yml").unlink()
        await bench.look()
        assert bench.problems("a.yml") is None
        assert bench.definitions.sources() == ()


async def test_many_problems_are_told_in_one_short_line(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "a.yml").write_text("".join(f"m{i}: {{}}\n" for i in range(9)))
    async with Bench(folder).running():
        (line,) = lines(caplog)
        assert line.endswith("; and 4 more")


async def test_a_pattern_without_a_file_is_told_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(folder)
    async with bench.running():
        await bench.look()
        await bench.definitions.reload()
        assert lines(caplog) == ["queries/*.yml: matches no file"]
        assert bench.definitions.problems() == ("queries/*.yml: matches no file",)


async def test_each_kind_is_given_its_own(folder: Path) -> None:
    (folder / "a.yml").write_text("one: {path: x}\ntwo: {path: y, from: cdn}")
    cdn = Taps("cdn")
    bench = Bench(folder, cdn)
    async with bench.running():
        assert (bench.taps.names, cdn.names) == (["one"], ["two"])


async def test_names_on_the_page_are_taken_whenever_they_came_there(folder: Path) -> None:
    (folder / "a.yml").write_text("hits_total: {path: x}")
    registry = CollectorRegistry()
    bench = Bench(folder, reserved=lambda: set(names_on_page([registry])))
    Counter("hits", "Hits.", registry=registry)
    async with bench.running():
        assert bench.taps.names == []
        assert bench.problems("a.yml") == 1


def test_a_page_takes_every_name_that_either_format_writes() -> None:
    registry = CollectorRegistry()
    Histogram("took_seconds", "Time.", registry=registry)
    family = ValueFamily("info", "show", "A show.", ["title"])
    names = names_on_page([registry, family])
    assert {"took_seconds", "took_seconds_bucket", "took_seconds_count", "show_info"} <= names


def test_a_check_reads_the_files_once(folder: Path) -> None:
    (folder / "a.yml").write_text("one: {path: x}\ntwo: {}")
    definitions = Definitions([folder / "*.yml"], [Taps()])
    assert [one.definition.name for one in definitions.load()] == ["one"]
    assert definitions.problems() == ("queries/a.yml:2: two.path: is missing, and has no default",)
