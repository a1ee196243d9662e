"""A sender that is like the CDN: patient, and the same bytes again."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from exporters.embedded.traffic import Sender
from tests.embedded.traffic.lines import NOON, QUIET, crowd

HEADERS = {"Authorization": "Bearer open sesame"}


class Receiver:
    """Answers with the statuses that it is given, the last one for ever."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.bodies: list[bytes] = []
        self.headers: list[str | None] = []

    async def take(self, request: web.Request) -> web.Response:
        # A test server inflates what comes; what counts is what it comes to.
        self.bodies.append(await request.read())
        self.headers.append(request.headers.get("Authorization"))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return web.Response(status=status)


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Receiver], "asyncio.Future[str]"]]:
    servers: list[TestServer] = []

    async def start(receiver: Receiver) -> str:
        app = web.Application()
        app.router.add_post("/ingest/fastly", receiver.take)
        server = TestServer(app)
        servers.append(server)
        await server.start_server()
        return str(server.make_url("/ingest/fastly"))

    yield lambda receiver: asyncio.ensure_future(start(receiver))
    for server in servers:
        await server.close()


async def run(url: str, rounds: int, *, forgetful: bool = False) -> Sender:
    """Let a sender work for so many seconds, of which none passes."""
    seconds = 0

    async def sleep(_: float) -> None:
        nonlocal seconds
        seconds += 1
        if seconds == rounds:
            raise asyncio.CancelledError

    sender = Sender(
        lambda _: crowd(rates=QUIET),
        url,
        HEADERS,
        forgetful=forgetful,
        clock=lambda: NOON.timestamp() + seconds,
        sleep=sleep,
    )
    with pytest.raises(asyncio.CancelledError):
        await sender.run()
    return sender


async def test_what_is_not_answered_200_is_sent_again_unchanged_and_in_order(
    serve: Callable[[Receiver], "asyncio.Future[str]"],
) -> None:
    receiver = Receiver(503, 429, 200)
    sender = await run(await serve(receiver), 5)
    assert receiver.bodies[0] == receiver.bodies[1] == receiver.bodies[2]
    lines = b"".join(receiver.bodies[2:]).splitlines()
    assert lines == crowd(rates=QUIET).until(NOON.timestamp() + 4)
    assert sender.sent == len(lines)
    assert set(receiver.headers) == {"Bearer open sesame"}


async def test_a_lost_answer_brings_a_batch_twice(
    serve: Callable[[Receiver], "asyncio.Future[str]"],
) -> None:
    receiver = Receiver(200)
    await run(await serve(receiver), 250, forgetful=True)
    assert len(set(receiver.bodies)) < len(receiver.bodies)


async def test_nobody_who_answers_ends_it_and_what_waits_is_bounded() -> None:
    sender = await run("http://127.0.0.1:1/ingest/fastly", 130)
    assert sender.sent == 0
    assert sender.given_up == 130 - 1 - 120


def later(seconds: Iterable[float]) -> Sender:
    """A sender that looks at the clock at these seconds after noon."""
    times = iter(seconds)
    return Sender(
        lambda at: crowd(at=datetime.fromtimestamp(at, UTC), rates=QUIET),
        "",
        HEADERS,
        clock=lambda: NOON.timestamp() + next(times),
    )


def test_batches_are_gzip() -> None:
    sender = later([0, 5])
    sender._gather()
    ((body, lines),) = sender._waiting
    assert len(gzip.decompress(body).splitlines()) == lines > 20


def test_after_a_long_sleep_or_a_step_of_the_clock_it_goes_on_from_there() -> None:
    sender = later([0, 5, 86_405, 86_410, 10, 15])
    for _ in range(5):
        sender._gather()
    assert len(sender._waiting) == 3
    assert all(20 < lines < 200 for _, lines in sender._waiting)
