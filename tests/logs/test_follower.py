"""A follower reads from its cursor on, and again whenever there may be more, until all is over."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from time import time_ns
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from exporters.core.backoff import Backoff
from exporters.core.errors import SourceMismatch, SourceUnavailable
from exporters.core.telemetry import Telemetry
from exporters.docker import DockerClient
from exporters.logs.convoy import Convoy
from exporters.logs.follower import Follower, Means, cursor_key
from exporters.logs.metrics import LogsMetrics
from exporters.loki import Entry
from exporters.loki.model import NOWHERE, Cursors
from tests.logs.engine_stream import Logged, S, frame, sent, work
from tests.logs.live.following import Kept
from tests.loki.reading import until

KEY = "c1"


class Log:
    """An engine with the log of one container: it is written, closed, broken, removed."""

    def __init__(self) -> None:
        self.lines: list[Logged] = []
        self.asked: list[Mapping[str, str]] = []
        self.removed = False
        self.broken = False
        self._end = asyncio.Event()
        self._more = asyncio.Event()

    def write(self, *lines: Logged) -> None:
        self.lines += lines
        self._more.set()

    def close(self) -> None:
        """End what is read now, and what will be."""
        self._end.set()
        self._more.set()

    @asynccontextmanager
    async def stream(self, _path: str, params: Mapping[str, str]) -> AsyncIterator["Body"]:
        self.asked.append(params)
        await asyncio.sleep(0)  # as any answer of an engine takes its time
        if self.removed:
            raise SourceMismatch("the Docker engine knows no container")
        if self.broken:
            raise SourceUnavailable("no Docker engine answers")
        seconds, _, rest = params["since"].partition(".")
        since = int(seconds) * S + int(rest)
        begin = next((n for n, x in enumerate(self.lines) if x.time >= since), len(self.lines))
        yield Body(self, begin)

    async def after(self, at: int) -> list[Logged]:
        while at >= len(self.lines) and not self._end.is_set():
            self._more.clear()
            await self._more.wait()
        return self.lines[at:]


class Body:
    def __init__(self, log: Log, at: int) -> None:
        self._log, self._at = log, at
        self.last = b""

    async def readany(self) -> bytes:
        lines = await self._log.after(self._at)
        self._at += len(lines)
        return sent(lines) + self.last


class Taken:
    """A sink in memory."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.cursors: dict[str, str | None] = {}

    async def put(self, entries: Sequence[Entry], cursors: Cursors = NOWHERE) -> None:
        self.entries += entries
        self.cursors |= cursors

    append = put

    @property
    def texts(self) -> list[str]:
        return [entry.line for entry in self.entries]


class Room:
    """A follower of a log, and all that it needs."""

    def __init__(self) -> None:
        self.log, self.sink, self.read = Log(), Taken(), Kept()
        self.convoy = Convoy()
        self.tasks: list[asyncio.Task[None]] = []

    def follow(
        self, cursor: str | None = None, log: Log | None = None, **settings: Any
    ) -> Follower:
        telemetry, metrics = Telemetry(CollectorRegistry(), "0"), LogsMetrics()
        client = cast("DockerClient", log or self.log)
        means = Means(
            client,
            self.sink,
            self.convoy,
            telemetry,
            metrics.followed,
            (self.read,),
            backoff=Backoff(initial=0.01, limit=0.01),
        )
        follower = Follower(
            KEY, work((self.read,), multiline_wait="50ms", **settings), cursor, means
        )
        follower.heard(running=True)
        self.tasks.append(asyncio.create_task(follower.run()))
        return follower


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    room = Room()
    yield room
    for task in room.tasks:
        task.cancel()
    await asyncio.wait(room.tasks)


def lines(*texts: str, age: float = 0.0, step: int = 1000) -> list[Logged]:
    begin = time_ns() - int(age * S)
    return [Logged(begin + n * step, text) for n, text in enumerate(texts)]


async def test_lines_go_to_the_sink_with_a_cursor_and_to_readers(room: Room) -> None:
    follower = room.follow()
    room.log.write(*lines("one", "two"))
    await until(lambda: room.sink.texts == ["one", "two"])
    newest = room.log.lines[-1].time
    assert room.sink.cursors == {cursor_key(KEY): f"{newest} 1 {newest} 0+"}
    assert [line.text for line in room.read.lines] == ["one", "two"]
    assert follower.problem == ""


async def test_a_log_is_opened_again_at_the_cursor_when_it_ends(room: Room) -> None:
    follower = room.follow()
    first = lines("a", "b", "b")
    room.log.write(first[0], first[1], Logged(first[1].time, "b"))
    await until(lambda: len(room.sink.texts) == 3)
    room.log.close()
    await until(lambda: len(room.log.asked) > 2)
    room.log.write(Logged(first[1].time, "b"), Logged(first[1].time, "c"))
    await until(lambda: room.sink.texts == ["a", "b", "b", "b", "c"])
    since = first[1].time
    assert room.log.asked[-1]["since"] == f"{since // S}.{since % S:09d}"
    follower.heard(running=False)


async def test_a_stopped_container_is_read_again_only_when_it_starts(room: Room) -> None:
    follower = room.follow()
    room.log.close()
    follower.heard(running=False)
    room.log.write(*lines("last words"))
    await until(lambda: room.sink.texts == ["last words"])
    await asyncio.sleep(0.1)
    asked = len(room.log.asked)
    await asyncio.sleep(0.1)
    assert len(room.log.asked) == asked
    room.log.write(*lines("up again"))
    follower.heard(running=True)
    await until(lambda: room.sink.texts == ["last words", "up again"])


async def test_a_container_that_was_removed_is_read_to_its_end_and_forgotten(room: Room) -> None:
    follower = room.follow()
    room.log.write(*lines("one"))
    await until(lambda: room.sink.texts == ["one"])
    follower.heard(running=False, gone=True)
    room.log.write(*lines("last words"))
    room.log.close()
    room.log.removed = True
    await asyncio.wait_for(room.tasks[0], 5)
    assert room.sink.texts == ["one", "last words"]
    assert room.sink.cursors == {cursor_key(KEY): None}


async def test_a_log_that_cannot_be_opened_is_tried_again(room: Room) -> None:
    room.log.broken = True
    follower = room.follow()
    await until(lambda: len(room.log.asked) > 3)
    assert follower.problem == "unavailable: no Docker engine answers"
    room.log.broken = False
    room.log.write(*lines("one"))
    await until(lambda: room.sink.texts == ["one"])
    assert follower.problem == "", "it reads on, and nothing is wrong any more"


class Complaining(Log):
    """Has a file that the engine cannot read on in, once."""

    @asynccontextmanager
    async def stream(self, path: str, params: Mapping[str, str]) -> AsyncIterator["Body"]:
        async with super().stream(path, params) as body:
            if len(self.asked) == 1:
                body.last = frame("engine", b"Error grabbing logs: unexpected EOF\n")
            yield body


async def test_an_engine_that_cannot_read_on_is_asked_again(room: Room) -> None:
    log = Complaining()
    log.write(*lines("one"))
    room.follow(log=log)
    await until(lambda: len(log.asked) == 2)
    log.write(*lines("two"))
    await until(lambda: room.sink.texts == ["one", "two"])


async def test_a_trace_is_held_until_it_is_complete_or_nothing_more_comes(room: Room) -> None:
    room.follow()
    begun, more, rest = lines("ERROR bad", "Traceback (most recent call last):", "  File x")
    room.log.write(begun, more)
    await asyncio.sleep(0.05)
    assert room.sink.texts == []
    room.log.write(rest)
    await until(lambda: len(room.sink.texts) == 1)
    assert room.sink.texts == [f"{begun.text}\n{more.text}\n{rest.text}"]


async def test_replicas_that_share_a_stream_read_old_lines_in_the_order_of_time(
    room: Room,
) -> None:
    hour, other = 3600 * S, Log()
    room.log.write(*lines(*(f"a{n}" for n in range(30)), age=30 * 3600, step=hour))
    other.write(*lines(*(f"b{n}" for n in range(30)), age=30 * 3600 - 60, step=hour))
    room.follow()
    room.follow(log=other)
    await until(lambda: len(room.sink.entries) == 60, 20)
    newest = 0
    for entry in room.sink.entries:
        assert entry.ns > newest - hour, "Loki would refuse it"
        newest = max(newest, entry.ns)


async def test_a_cursor_that_nobody_understands_begins_at_what_loki_takes(room: Room) -> None:
    room.follow("nonsense")
    await until(lambda: bool(room.log.asked))
    age = time_ns() // S - int(room.log.asked[0]["since"].partition(".")[0])
    assert abs(age - 7 * 86400) < 60
