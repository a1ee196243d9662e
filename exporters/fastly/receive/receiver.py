"""The receiver: a request in, a batch in the spool, an answer out."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler

from exporters.core.exporter import Health
from exporters.core.web.guard import Guard
from exporters.fastly import challenge
from exporters.fastly.bodies import Body, Decoded, Limits
from exporters.fastly.bodies.inflate import check_encoding, is_raw_snappy
from exporters.fastly.bodies.threads import in_thread
from exporters.fastly.quarantine import Quarantine
from exporters.fastly.receive.connections import Connections
from exporters.fastly.receive.metrics import ReceiveMetrics
from exporters.fastly.receive.pace import Blocks, Pace
from exporters.fastly.receive.tokens import Tokens
from exporters.fastly.receive_refusals import Refused, TooLarge, TooMany, Unauthorized
from exporters.fastly.segment import Source
from exporters.fastly.spool import Arrival, Kind, Part, Settled, Spool

T = TypeVar("T")

INGEST = "/ingest/fastly"
SOURCE: Source = "https"
PATIENCE = 5.0
"""Seconds that a batch waits for its turn before it is refused."""

_THREADS = min(4, max(1, (os.cpu_count() or 1) // 2))
"""The other processors measure meanwhile; more threads than these mostly wait for each other."""
_WORTH_A_THREAD = 16 * 1024
_RAW_SNAPPY_AT_A_TIME = 2  # each is held in memory as a whole
_AGAIN = {"Retry-After": "1"}


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may send what, and how."""

    tokens: Tokens
    service_ids: Sequence[str]
    bodies: Limits
    pace: Pace
    batches: int
    """Batches that are received at a time; further ones wait for `patience` seconds."""
    patience: float
    format: str = "auto"


class Receiver:
    """Answers the challenge, and each batch when the spool has made it safe."""

    def __init__(
        self,
        policy: Policy,
        spool: Spool,
        quarantine: Quarantine,
        metrics: ReceiveMetrics,
        connections: Connections,
    ) -> None:
        self._policy = policy
        self._spool = spool
        self._quarantine = quarantine
        self._metrics = metrics
        self._connections = connections
        self._turns = asyncio.Semaphore(policy.batches)
        self._raw_snappy = asyncio.Semaphore(_RAW_SNAPPY_AT_A_TIME)
        self._threads: ThreadPoolExecutor | None = None

    def app(self, guard: Guard) -> web.Application:
        """Return the application, guarded; its bodies must come as they were sent."""
        app = web.Application()
        app.router.add_route("*", challenge.PATH, self._challenge)
        for method in ("POST", "PUT"):
            app.router.add_route(method, INGEST, self._ingest, expect_handler=_later)
        app.cleanup_ctx.append(self._open)
        guard.install(app)
        app.middlewares.insert(0, self._answer)
        return app

    async def _open(self, _: web.Application) -> AsyncIterator[None]:
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="receive") as self._threads:
            yield
        self._threads = None

    def health(self) -> Health:
        """Return whether it can be reached; that nothing comes is not an error."""
        listening = self._threads is not None
        return Health("receiver", listening, "" if listening else "not listening")

    @web.middleware
    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count refusals and make answers of them."""
        connection = self._connections.of(request.protocol)
        with connection.at_work():
            try:
                if connection.surplus:
                    raise TooMany("too many connections")
                response = await handler(request)
            except Refused as refused:
                self._metrics.refused.inc((SOURCE, refused.reason))
                response = _refusal(request, refused)
            if self._connections.closing:
                response.force_close()
            return response

    async def _challenge(self, _: web.Request) -> web.Response:
        if not self._policy.service_ids:
            return web.Response(status=404, text="fastly.service_ids is not set\n")
        return web.Response(text=challenge.answer(self._policy.service_ids))

    async def _ingest(self, request: web.Request) -> web.Response:
        self._check(request)
        async with self._turn(request):
            _go_on(request)
            with self._spool.part() as part:
                decoded = await self._receive(request, part)
                began = perf_counter()
                word = await self._store(part, decoded)
        self._metrics.answer.observe((SOURCE,), perf_counter() - began)
        return web.Response(text=f"{word}\n")

    def _check(self, request: web.Request) -> None:
        """Refuse what can be refused by its head."""
        if not self._policy.tokens.admit(request.headers):
            raise Unauthorized("wrong token, or none")
        if (request.content_length or 0) > self._policy.bodies.body:
            raise TooLarge(f"a body may have {self._policy.bodies.body} bytes")
        check_encoding(_encoding(request))
        self._spool.check_room()

    @asynccontextmanager
    async def _turn(self, request: web.Request) -> AsyncIterator[None]:
        """Wait until a batch may be received, and TooMany if that takes too long."""
        turns = [self._turns]
        if is_raw_snappy(_encoding(request)):
            turns.append(self._raw_snappy)
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._policy.patience):
                    for turn in turns:
                        await stack.enter_async_context(turn)
            except TimeoutError as error:
                raise TooMany("too many batches at a time") from error
            yield

    async def _receive(self, request: web.Request, part: Part) -> Decoded:
        body = Body(_encoding(request), self._policy.bodies, part.write)
        blocks = Blocks(request.content, self._policy.pace)
        while block := await blocks.next():
            await self._off_loop(len(block), partial(body.feed, block))
            self._spool.check_room()
        return await self._off_loop(body.received, body.finish)

    async def _off_loop(self, size: int, work: Callable[[], T]) -> T:
        """Do what takes long for its size in a thread."""
        if size < _WORTH_A_THREAD:
            return work()
        return await in_thread(self._threads, work)

    async def _store(self, part: Part, decoded: Decoded) -> str:
        """Return, in a word for the sender, what has become of a batch."""
        if decoded.lines:
            kind = Kind(SOURCE, self._policy.format)
            arrival = Arrival(part, decoded.digest, decoded.lines, kind)
            if await self._spool.store(arrival) is Settled.REPEATED:
                self._metrics.repeated.inc((SOURCE,))
                return "repeated"
            self._metrics.batches.inc((SOURCE,))
        await self._quarantine.too_long(SOURCE, decoded.too_long)
        return "stored"


def _encoding(request: web.Request) -> str:
    return request.headers.get("Content-Encoding", "")


async def _later(_: web.Request) -> None:
    """Leave `100 Continue` to the handler: first it looks at the head."""


def _go_on(request: web.Request) -> None:
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _refusal(request: web.Request, refused: Refused) -> web.Response:
    again = _AGAIN if refused.status in {429, 503} else None
    response = web.Response(status=refused.status, text=f"{refused}\n", headers=again)
    if not request.content.at_eof():
        response.force_close()
    return response
