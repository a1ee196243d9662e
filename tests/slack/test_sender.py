"""The sender against a server in Slack's place."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from time import monotonic

import pytest
from aiohttp import web

from exporters.core.backoff import Backoff
from exporters.slack import Manners, Message, Sender
from exporters.slack.metrics import SlackMetrics
from exporters.slack.webhook import Webhook
from tests.slack.room import PATH, Answer, Room, cut, silence, status, until

QUICK = Manners(
    gather=0.02, pace=0.02, drain=1.0, backoff=Backoff(initial=0.02, limit=0.05, jitter=0)
)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with Room() as room:
        yield room


class Sending:
    def __init__(self, room: Room, manners: Manners, deadline: float, time: list[float]) -> None:
        self.metrics = SlackMetrics()
        self.sender = Sender(
            Webhook(room.url, deadline),
            self.metrics,
            manners,
            clock=lambda: time[0] if time else monotonic(),
        )

    def say(self, *texts: str) -> None:
        for text in texts:
            self.sender.accept(Message(text))

    def dropped(self, reason: str) -> float | None:
        return self.metrics.dropped.value((reason,))

    def failed(self, reason: str) -> float | None:
        return self.metrics.failures.value((reason,))

    @property
    def sent(self) -> float | None:
        return self.metrics.sent.value(())

    @property
    def waiting(self) -> float | None:
        return self.metrics.waiting.value(())


@asynccontextmanager
async def sending(
    room: Room, manners: Manners = QUICK, deadline: float = 5.0, time: list[float] | None = None
) -> AsyncIterator[Sending]:
    both = Sending(room, manners, deadline, time or [])
    async with both.sender:
        running = asyncio.create_task(both.sender.run())
        yield both
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled()


async def test_a_message_arrives(room: Room) -> None:
    async with sending(room) as s:
        s.say("web 1.2 is live")
        await until(lambda: room.posts == ["web 1.2 is live"])
        await until(lambda: s.sent == 1)
        assert s.waiting == 0


async def test_messages_of_one_moment_are_one_post_in_their_order(room: Room) -> None:
    async with sending(room) as s:
        s.say(*(f"line {n}" for n in range(10)))
        await until(lambda: s.sent == 10)
    assert room.posts == ["\n".join(f"line {n}" for n in range(10))]


async def test_a_flood_goes_in_few_posts_that_slack_takes_whole(room: Room) -> None:
    texts = [f"{n:03d} " + "x" * 300 for n in range(60)]
    async with sending(room) as s:
        s.say(*texts)
        await until(lambda: s.sent == 60)
    assert "\n".join(room.posts) == "\n".join(texts)
    assert len(room.posts) == 6


async def test_posts_keep_their_distance(room: Room) -> None:
    async with sending(room, replace(QUICK, pace=0.2)) as s:
        s.say("one")
        await until(lambda: s.sent == 1)
        first = monotonic()
        s.say("two")
        await until(lambda: s.sent == 2)
        assert monotonic() - first > 0.15


async def test_handing_over_never_waits_and_a_full_queue_drops_the_oldest(room: Room) -> None:
    room.always = silence
    async with sending(room, replace(QUICK, capacity=3, drain=0.05)) as s:
        s.say("a", "b", "c", "d", "e")
        assert s.dropped("queue_full") == 2
        assert s.waiting == 3
        await until(lambda: room.asked == 1)
    assert s.dropped("shutdown") == 3


async def test_what_slack_asks_for_after_429_is_waited_for(room: Room) -> None:
    room.answers = [status(429, Retry_After="1")]
    async with sending(room) as s:
        started = monotonic()
        s.say("patience")
        await until(lambda: s.sent == 1)
        assert monotonic() - started >= 1.0
        assert s.failed("rate_limited") == 1
    assert room.posts == ["patience"]


async def test_a_429_that_asks_for_no_time_is_no_leave_to_hammer(room: Room) -> None:
    room.always = status(429, Retry_After="0")
    slow = Backoff(initial=0.2, limit=0.2, jitter=0)
    async with sending(room, replace(QUICK, backoff=slow)) as s:
        s.say("x")
        started = monotonic()
        await until(lambda: room.asked == 3)
        assert monotonic() - started >= 0.4


@pytest.mark.parametrize("asked", ["soon", "-5", "nan", "", "Fri, 31 Dec 1999 23:59:59 GMT"])
async def test_a_429_without_a_number_waits_as_any_failure(room: Room, asked: str) -> None:
    room.answers = [status(429, Retry_After=asked)]
    async with sending(room) as s:
        s.say("x")
        await until(lambda: s.sent == 1)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [(status(500), "unavailable"), (status(503), "unavailable"), (cut, "unavailable")],
)
async def test_trouble_passes_and_nothing_is_lost(room: Room, trouble: Answer, reason: str) -> None:
    room.answers = [trouble, trouble]
    async with sending(room) as s:
        s.say("still here")
        await until(lambda: s.sent == 1)
        assert s.failed(reason) == 2
        assert s.sender.health().reason == ""
    assert room.posts == ["still here"]


async def test_an_answer_that_never_comes_has_a_deadline(room: Room) -> None:
    room.answers = [silence]
    async with sending(room, deadline=0.1) as s:
        s.say("late")
        await until(lambda: s.sent == 1)
        assert s.failed("timeout") == 1


@pytest.mark.parametrize("code", [302, 400, 403, 404, 410])
async def test_what_slack_refuses_is_dropped_and_the_next_is_sent(room: Room, code: int) -> None:
    room.answers = [status(code)]
    async with sending(room) as s:
        s.say("refused")
        await until(lambda: s.dropped("rejected") == 1)
        assert s.sender.health().fresh
        s.say("taken")
        await until(lambda: s.sent == 1)
    assert room.posts == ["taken"]


async def test_a_message_that_became_too_old_is_given_up(room: Room) -> None:
    room.always = status(500)
    time = [0.0]
    async with sending(room, replace(QUICK, patience=60), time=time) as s:
        time[0] = 1.0
        s.say("old")
        await until(lambda: room.asked >= 2)
        assert s.dropped("expired") == 0
        time[0] = 62.0
        await until(lambda: s.dropped("expired") == 1)
        room.always = None
        s.say("young")
        await until(lambda: room.posts == ["young"])


async def test_the_end_posts_what_waits_without_waiting_for_more(room: Room) -> None:
    async with sending(room, replace(QUICK, gather=60, pace=60, drain=2)) as s:
        s.say(*(f"{n} " + "x" * 300 for n in range(30)))
        await asyncio.sleep(0.02)
        started = monotonic()
    assert monotonic() - started < 1.5
    assert s.sent == 30
    assert len(room.posts) == 3


async def test_a_post_under_way_at_the_end_is_not_sent_twice(room: Room) -> None:
    got = asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        got.set()
        await asyncio.sleep(0.2)
        return web.Response()

    room.answers = [slow]
    async with sending(room) as s:
        s.say("once")
        await got.wait()
    assert (room.asked, s.sent) == (1, 1)


async def test_the_end_comes_in_time_though_slack_is_down(room: Room) -> None:
    room.always = status(503)
    async with sending(room) as s:
        s.say("lost")
        await until(lambda: room.asked == 1)
        started = monotonic()
    assert monotonic() - started < 1.0
    assert s.dropped("shutdown") == 1


async def test_the_end_comes_in_time_though_slack_says_nothing(room: Room) -> None:
    room.always = silence
    async with sending(room, replace(QUICK, drain=0.1)) as s:
        s.say("lost")
        await until(lambda: room.asked == 1)
        started = monotonic()
    assert monotonic() - started < 1.0
    assert s.dropped("shutdown") == 1


async def test_the_address_is_in_no_word_of_ours(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = PATH.rpartition("/")[2]
    room.answers = [status(404), status(500), cut, silence]
    async with sending(room, deadline=0.1) as s:
        s.say("a")
        await until(lambda: s.dropped("rejected") == 1)
        s.say("b")
        await until(lambda: s.sent == 1)
        shown = repr(s.sender) + repr(Webhook(room.url)) + repr(s.sender.health())
    assert secret not in shown
    assert secret not in caplog.text
    assert "not taken" in caplog.text


async def test_nobody_at_the_address_is_told_without_it(caplog: pytest.LogCaptureFixture) -> None:
    async with Room() as room:
        pass
    async with sending(room, replace(QUICK, drain=0.05)) as s:
        s.say("x")
        await until(lambda: (s.failed("unavailable") or 0) >= 1)
    assert PATH not in caplog.text
    assert str(room.port) not in caplog.text


async def test_a_bug_in_the_work_ends_the_service(room: Room) -> None:
    metrics = SlackMetrics()
    sender = Sender(Webhook(room.url), metrics, QUICK)
    async with sender:
        sender.accept("no message")  # type: ignore[arg-type]
        with pytest.raises(AttributeError):
            await asyncio.wait_for(sender.run(), 5)
