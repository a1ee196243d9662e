"""The long poll: every second once, no gap after an error, idle is no error."""

import asyncio
import json

import pytest

from exporters.core.errors import (
    SourceError,
    SourceMalformed,
    SourceMismatch,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
)
from exporters.fastly.api import FastlyApi
from exporters.fastly.realtime.channel import ServiceChannel
from exporters.fastly.realtime.statistics import Statistics
from tests.fastly.realtime.conftest import SHOW, Clock, Sums
from tests.fastly.realtime.fake import DELAY, TOKEN, Answer, Channel, Fastly, cut, status

ONE = {"requests": 1}


@pytest.fixture
def show(fastly: Fastly) -> Channel:
    return fastly.add(SHOW.id, SHOW.name)


async def fails(channel: ServiceChannel, clock: Clock) -> None:
    """Poll once, see it fail, and wait as it waits then."""
    with pytest.raises(SourceError):
        await channel.read()
    await clock.sleep(1.0)


async def test_each_second_is_counted_once(
    channel: ServiceChannel, show: Channel, sums: Sums
) -> None:
    show.happen(LHR=ONE)
    await channel.read()
    assert sums.value("requests_total") == 1
    for seconds in (1, 3, 2):
        show.happen(seconds, LHR=ONE)
        await channel.read()
    assert sums.value("requests_total") == 7


async def test_it_begins_with_the_latest_second_and_goes_on_with_the_timestamp(
    channel: ServiceChannel, show: Channel
) -> None:
    show.happen(5, LHR=ONE)
    await channel.read()
    stamp = str(show.now + DELAY)
    show.happen(LHR=ONE)
    await channel.read()
    assert show.asked == ["0", stamp]


async def test_a_request_is_held_until_there_is_something(
    channel: ServiceChannel, show: Channel, sums: Sums, fastly: Fastly
) -> None:
    fastly.hold = 30.0
    show.happen(LHR=ONE)
    await channel.read()
    reading = asyncio.create_task(channel.read())
    async with asyncio.timeout(20):
        while len(show.asked) < 2:
            await asyncio.sleep(0.01)
    assert not reading.done()
    show.happen(LHR=ONE)
    await asyncio.wait_for(reading, 20)
    assert sums.value("requests_total") == 2


@pytest.mark.parametrize(
    "answer",
    [
        status(500),
        status(503, b"<html>"),
        status(429),
        status(401),
        status(403),
        status(404),
        status(200, b"{"),
        status(200, b"[]"),
        status(200, b'{"Data":[{"recorded":"x"}]}'),
        status(200, b'{"Data":[{"recorded":1,"datacenter":{"LHR":5}}]}'),
        status(200, b'{"Timestamp":-5,"Data":[]}'),
        status(503, b'{"Timestamp":0,"AggregateDelay":0,"Data":null,"Error":"broken"}'),
        status(302, Location="http://127.0.0.1:1/"),
        cut,
    ],
)
async def test_there_is_no_gap_after_an_error(
    channel: ServiceChannel,
    show: Channel,
    sums: Sums,
    fastly: Fastly,
    clock: Clock,
    answer: Answer,
) -> None:
    show.happen(LHR=ONE)
    await channel.read()
    fastly.always = answer
    for _ in range(3):
        show.happen(10, LHR=ONE)
        await fails(channel, clock)
    fastly.always = None
    await channel.read()
    assert sums.value("requests_total") == 31
    assert sums.value("lost_seconds_total", None) == 0
    assert sums.value("realtime_api_requests_total", None, result="error") == 3
    assert "0" not in show.asked[1:], "that would be the latest second only"


async def test_after_a_long_outage_all_that_is_remembered_is_read(
    channel: ServiceChannel, show: Channel, sums: Sums, fastly: Fastly, clock: Clock
) -> None:
    show.happen(LHR=ONE)
    await channel.read()
    await fastly.stop()
    await fails(channel, clock)
    show.happen(110, LHR=ONE)
    clock.now += 110
    await fastly.__aenter__()
    await channel.read()
    assert show.asked[-1] == "h"
    assert sums.value("requests_total") == 111
    assert sums.value("lost_seconds_total", None) == 0


async def test_what_an_outage_cost_is_told(
    channel: ServiceChannel, show: Channel, sums: Sums, clock: Clock
) -> None:
    show.happen(LHR=ONE)
    await channel.read()
    show.happen(200, LHR=ONE)
    clock.now += 200
    await channel.read()
    assert sums.value("requests_total") == 121
    assert sums.value("lost_seconds_total", None) == 80


async def test_what_is_remembered_is_not_counted_again(
    channel: ServiceChannel, show: Channel, sums: Sums, clock: Clock
) -> None:
    for _ in range(5):
        show.happen(10, LHR=ONE)
        await channel.read()
        clock.now += 101  # late by our clock alone: everything overlaps
    assert show.asked[1:] == ["h"] * 4
    assert sums.value("requests_total") == 41


async def test_idle_is_a_success_that_slows_us_down(
    channel: ServiceChannel, show: Channel, sums: Sums, fastly: Fastly, clock: Clock
) -> None:
    fastly.hold = 0.0
    for _ in range(7):
        await channel.poller.poll()
        await channel._nap(0.0)
        show.happen(round(clock.slept[-1]) or 1)
    assert sums.value("realtime_api_requests_total", None, result="no data") == 7
    assert sums.value("realtime_api_requests_total", None, result="error") == 0
    assert sums.value("last_successful_response", None) == 42.0
    assert channel.poller.health().reason == ""
    assert clock.slept == sorted(clock.slept[:5]) + clock.slept[5:]
    assert max(clock.slept) <= 36
    show.happen(20, LHR=ONE)
    await channel.poller.poll()
    assert sums.value("requests_total") == 20
    await channel._nap(0.5)
    assert clock.slept[-1] == 0.5


async def test_a_failure_does_not_move_the_last_success(
    channel: ServiceChannel, show: Channel, sums: Sums, fastly: Fastly
) -> None:
    fastly.answers += [status(401), status(500)]
    for _ in range(2):
        await channel.poller.poll()
    assert sums.value("last_successful_response", None) is None
    assert channel.poller.health().reason.startswith("unavailable: ")


async def test_we_come_back_when_we_are_told_to(
    channel: ServiceChannel, show: Channel, fastly: Fastly, clock: Clock
) -> None:
    fastly.answers += [status(429, Retry_After="17")]
    await channel.poller.poll()
    await channel._nap(1.0)
    assert clock.slept == [17.0]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (status(401), SourceRejected),
        (status(403), SourceRejected),
        (status(404), SourceMismatch),
        (status(429), SourceUnavailable),
        (status(500), SourceUnavailable),
        (status(200, b"\xff"), SourceMalformed),
        (status(200, b"[" * 100_000), SourceMalformed),
        (status(200, b'{"Data":[],"Error":"something else"}'), SourceMalformed),
    ],
)
async def test_errors_have_their_kind_and_tell_no_secret(
    channel: ServiceChannel,
    show: Channel,
    fastly: Fastly,
    answer: Answer,
    kind: type[SourceError],
) -> None:
    fastly.answers.append(answer)
    with pytest.raises(kind) as caught:
        await channel.read()
    said = f"{caught.value!r} {caught.value.__cause__!r}"
    assert TOKEN not in said
    assert "127.0.0.1" not in said


async def test_an_answer_has_a_deadline_and_a_limit(
    fastly: Fastly, show: Channel, statistics: Statistics, channel: ServiceChannel
) -> None:
    fastly.hold = 60.0
    show.happen(LHR={str(n): n for n in range(500)})
    async with FastlyApi(fastly.url, fastly.secret, deadline=0.2) as hasty:
        with pytest.raises(SourceTimeout):
            await hasty.get(f"/v1/channel/s1/ts/{show.now + DELAY}")
    async with FastlyApi(fastly.url, fastly.secret, largest=1000) as small:
        with pytest.raises(SourceMalformed):
            await small.get("/v1/channel/s1/ts/0")


async def test_an_answer_that_is_too_large_is_not_asked_for_for_ever(
    channel: ServiceChannel, show: Channel, fastly: Fastly, api: FastlyApi, clock: Clock, sums: Sums
) -> None:
    show.happen(LHR=ONE)
    await channel.read()
    api._largest = 500
    show.happen(50, LHR=ONE)
    await fails(channel, clock)
    await channel.read()
    assert show.asked[-1] == "0"
    assert sums.value("requests_total") == 2
    assert sums.value("lost_seconds_total", None) == 49


async def test_a_second_from_the_future_does_not_stop_the_count(
    channel: ServiceChannel, show: Channel, sums: Sums, fastly: Fastly
) -> None:
    show.happen(LHR=ONE)
    odd = {"recorded": show.now + 10**9, "datacenter": {"LHR": ONE}}
    answer = {"Data": [odd], "Timestamp": show.now + DELAY, "AggregateDelay": DELAY}
    fastly.answers.append(status(200, json.dumps(answer).encode()))
    await channel.read()
    show.happen(30, LHR=ONE)
    await channel.read()
    assert sums.value("requests_total") == 31 - DELAY
