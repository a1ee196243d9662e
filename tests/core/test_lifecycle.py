import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from exporters.core.exporter import Exporter
from exporters.core.lifecycle import serve, stop_on_signals
from exporters.core.quantities import Address
from exporters.core.web.server import Listener

ROOT = Path(__file__).parents[2]


class Diary:
    """Writes down what is opened, run and closed, in the order in which it happens."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @asynccontextmanager
    async def part(self, name: str) -> AsyncIterator[None]:
        self.lines.append(f"open {name}")
        try:
            yield
        finally:
            self.lines.append(f"close {name}")

    def service(self, name: str) -> "Working":
        return Working(name, self)


class Working:
    def __init__(self, name: str, diary: Diary) -> None:
        self.name = name
        self.diary = diary

    async def run(self) -> None:
        self.diary.lines.append(f"run {self.name}")
        try:
            await asyncio.Event().wait()
        finally:
            self.diary.lines.append(f"end {self.name}")


class Failing:
    name = "failing"

    async def run(self) -> None:
        raise ZeroDivisionError


def exporters(diary: Diary) -> list[Exporter]:
    return [
        Exporter(
            "first",
            resources=[diary.part("a"), diary.part("b")],
            services=[diary.service("s")],
            listeners=[diary.part("door")],
        ),
        Exporter("second", resources=[diary.part("c")], services=[diary.service("t")]),
    ]


async def until(condition: "asyncio.Event | object") -> None:
    async with asyncio.timeout(5):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0)


async def test_parts_open_in_order_and_close_in_reverse() -> None:
    diary, stop = Diary(), asyncio.Event()
    serving = asyncio.create_task(serve(exporters(diary), stop))
    await until(lambda: "run t" in diary.lines and "open door" in diary.lines)
    stop.set()
    await asyncio.wait_for(serving, 5)
    assert diary.lines[:3] == ["open a", "open b", "open c"]
    assert sorted(diary.lines[3:6]) == ["open door", "run s", "run t"]
    assert diary.lines[6] == "close door"
    assert sorted(diary.lines[7:9]) == ["end s", "end t"]
    assert diary.lines[9:] == ["close c", "close b", "close a"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_bug_in_one_service_closes_everything_and_comes_out() -> None:
    diary = Diary()
    parts = [*exporters(diary), Exporter("third", services=[Failing()])]
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(serve(parts, asyncio.Event()), 5)
    assert isinstance(caught.value.exceptions[0], ZeroDivisionError)
    assert diary.lines[-3:] == ["close c", "close b", "close a"]


async def test_what_cannot_open_closes_what_was_open_before() -> None:
    diary = Diary()

    class Broken(AbstractAsyncContextManager[None]):
        async def __aenter__(self) -> None:
            raise ZeroDivisionError

        async def __aexit__(self, *_: object) -> None: ...

    with pytest.raises(ZeroDivisionError):
        await serve([Exporter("x", resources=[diary.part("a"), Broken()])], asyncio.Event())
    assert diary.lines == ["open a", "close a"]


async def test_a_stop_while_parts_are_opened_cuts_the_opening_short() -> None:
    diary, stop = Diary(), asyncio.Event()

    @asynccontextmanager
    async def slow() -> AsyncIterator[None]:
        diary.lines.append("waits")
        await asyncio.Event().wait()
        yield

    parts = [Exporter("x", resources=[diary.part("a"), slow()], services=[diary.service("s")])]
    serving = asyncio.create_task(serve(parts, stop))
    await until(lambda: "waits" in diary.lines)
    stop.set()
    await asyncio.wait_for(serving, 5)
    assert diary.lines == ["open a", "waits", "close a"]


async def test_cancelling_the_opening_is_a_cancellation() -> None:
    @asynccontextmanager
    async def slow() -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield

    serving = asyncio.create_task(serve([Exporter("x", resources=[slow()])], asyncio.Event()))
    await asyncio.sleep(0)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving


async def test_a_request_in_flight_is_answered_before_services_end() -> None:
    diary, stop, release = Diary(), asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        diary.lines.append("asked")
        await release.wait()
        assert "end s" not in diary.lines
        return web.Response(text="answered")

    app = web.Application()
    app.router.add_get("/", slow)
    listener = Listener("test", app, Address("127.0.0.1", 0))
    parts = [Exporter("x", services=[diary.service("s")], listeners=[listener])]
    serving = asyncio.create_task(serve(parts, stop))
    await until(lambda: listener.address.port)
    async with ClientSession() as http:
        asking = asyncio.create_task(http.get(listener.url))
        await until(lambda: "asked" in diary.lines)
        stop.set()
        asyncio.get_running_loop().call_later(0.1, release.set)
        answer = await asking
        assert await answer.text() == "answered"
    await asyncio.wait_for(serving, 5)
    assert diary.lines[-1] == "end s"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_first_signal_stops(number: signal.Signals) -> None:
    with stop_on_signals() as stop:
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stop.wait(), 5)


async def test_hangup_reloads_every_exporter() -> None:
    reloaded: list[str] = []
    stop = asyncio.Event()

    async def reload() -> None:
        reloaded.append("x")

    serving = asyncio.create_task(serve([Exporter("x", reload=reload), Exporter("y")], stop))
    await asyncio.sleep(0.01)
    os.kill(os.getpid(), signal.SIGHUP)
    await until(lambda: reloaded)
    stop.set()
    await asyncio.wait_for(serving, 5)
    assert reloaded == ["x"]


STUBBORN = """
import asyncio
from exporters.core.exporter import Exporter
from exporters.core.lifecycle import serve, stop_on_signals

class Stubborn:
    name = "stubborn"
    async def run(self):
        print("ready", flush=True)
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                print("no", flush=True)

async def main():
    with stop_on_signals() as stop:
        await serve([Exporter("x", services=[Stubborn()])], stop)

asyncio.run(main())
"""


def test_a_second_signal_ends_at_once() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "no\n"
        process.send_signal(signal.SIGTERM)  # the same wish, by another way
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == -signal.SIGTERM
