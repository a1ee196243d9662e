"""The guard lets in whom the web configuration allows, and nobody else, over real HTTP."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import bcrypt
import pytest
from aiohttp import web

from exporters.core.web.config import RateLimit
from exporters.core.web.guard import Guard, TokenBucket
from exporters.core.web.live import LiveConfig
from tests.core.web.serving import serving

HASH = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def basic(pair: bytes) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


ALICE = basic(b"alice:right")


def rewrite(path: Path, live: LiveConfig, text: str) -> None:
    path.write_text(text)
    live.look()


def configured(path: Path, text: str) -> LiveConfig:
    path.write_text(text)
    return LiveConfig.load(path)


@pytest.fixture
def live(web_yml: Path) -> LiveConfig:
    return configured(web_yml, f"basic_auth_users:\n  alice: {HASH}\n  jörg: {HASH}\n")


async def test_a_user_gets_the_page_and_others_a_challenge(
    live: LiveConfig, http: aiohttp.ClientSession
) -> None:
    async with serving(live) as url:
        async with http.get(url, headers=ALICE) as response:
            assert (response.status, await response.text()) == (200, "hello\n")
        for headers in ({}, basic(b"alice:wrong"), basic(b"bob:right")):
            async with http.get(url, headers=headers) as response:
                assert response.status == 401
                assert response.headers["WWW-Authenticate"].startswith("Basic ")
                assert "hello" not in await response.text()


async def test_names_are_utf_8(live: LiveConfig, http: aiohttp.ClientSession) -> None:
    headers = basic("jörg:right".encode())
    async with serving(live) as url, http.get(url, headers=headers) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    "value",
    [
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic YWxpY2U",
        "Basic " + base64.b64encode(b"alice").decode(),
        "Basic " + base64.b64encode(b":").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:\x00" * 900).decode(),
        "Basic \u00e9\u00e9\u00e9\u00e9",
        "Bearer " + base64.b64encode(b"alice:right").decode(),
        base64.b64encode(b"alice:right").decode(),
        "alice:right",
    ],
)
async def test_a_header_that_is_no_credentials_is_refused_like_wrong_ones(
    live: LiveConfig, http: aiohttp.ClientSession, value: str
) -> None:
    headers = {"Authorization": value}
    async with serving(live) as url, http.get(url, headers=headers) as response:
        assert response.status == 401


async def test_the_scheme_is_read_in_any_case(
    live: LiveConfig, http: aiohttp.ClientSession
) -> None:
    value = basic(b"alice:right")["Authorization"].replace("Basic", "bAsIc")
    async with serving(live) as url, http.get(url, headers={"Authorization": value}) as response:
        assert response.status == 200


async def test_everything_is_guarded_save_the_open_paths(
    live: LiveConfig, http: aiohttp.ClientSession
) -> None:
    guard = Guard(live, open_paths={"/healthz"})
    async with serving(live, guard) as url:
        for path, status in {
            "/healthz": 200,
            "/": 401,
            "/healthz/": 401,
            "/healthz/../": 401,
            "//healthz": 401,
            "/absent": 401,
        }.items():
            async with http.get(f"{url}{path}") as response:
                assert response.status == status, path


async def test_the_rate_limit_counts_everybody_and_spares_open_paths(
    web_yml: Path, http: aiohttp.ClientSession
) -> None:
    now = 0.0
    live = configured(web_yml, "rate_limit: {interval: 10s, burst: 2}")
    guard = Guard(live, open_paths={"/healthz"}, clock=lambda: now)
    async with serving(live, guard) as url:

        async def ask(path: str = "/") -> int:
            async with http.get(f"{url}{path}") as response:
                return int(response.status)

        assert [await ask() for _ in range(3)] == [200, 200, 429]
        assert await ask("/healthz") == 200
        now = 9.9
        assert await ask() == 429
        now = 19.8
        assert [await ask() for _ in range(3)] == [200, 429, 429]


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    now = 0.0
    bucket = TokenBucket(RateLimit(interval=1.0, burst=2), lambda: now)
    now = 1000.0
    assert [bucket.take() for _ in range(3)] == [True, True, False]


async def test_a_new_rate_limit_begins_at_once_and_the_same_one_goes_on(
    web_yml: Path, http: aiohttp.ClientSession
) -> None:
    live = configured(web_yml, "rate_limit: {interval: 1h, burst: 1}")
    async with serving(live) as url:

        async def ask() -> int:
            async with http.get(url) as response:
                return int(response.status)

        assert [await ask(), await ask()] == [200, 429]
        rewrite(web_yml, live, "rate_limit: {interval: 1h, burst: 1}  # no change\n")
        assert await ask() == 429
        rewrite(web_yml, live, "rate_limit: {interval: 1h, burst: 2}")
        assert await ask() == 200
        rewrite(web_yml, live, "{}")
        assert [await ask() for _ in range(5)] == [200] * 5


async def test_headers_are_on_every_answer_and_yield_to_those_of_the_page(
    web_yml: Path, http: aiohttp.ClientSession
) -> None:
    async def own(_: web.Request) -> web.Response:
        return web.Response(headers={"X-Frame-Options": "sameorigin"})

    text = "http_server_config: {headers: {X-Frame-Options: deny, X-XSS-Protection: '0'}}"
    live = configured(web_yml, f"{text}\nbasic_auth_users: {{alice: {HASH}}}")
    app = web.Application()
    app.router.add_get("/", own)
    Guard(live).install(app)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        for path, headers, status, frame in [
            ("/", ALICE, 200, "sameorigin"),
            ("/", {}, 401, "deny"),
            ("/absent", ALICE, 404, "deny"),
        ]:
            async with http.get(f"http://127.0.0.1:{site.port}{path}", headers=headers) as response:
                assert response.status == status
                assert response.headers["X-Frame-Options"] == frame
                assert response.headers["X-XSS-Protection"] == "0"
    finally:
        await runner.cleanup()


async def test_users_are_exchanged_under_a_connection_that_is_open(
    live: LiveConfig, web_yml: Path, http: aiohttp.ClientSession
) -> None:
    async with serving(live) as url:
        async with http.get(url, headers=ALICE) as response:
            assert response.status == 200
        rewrite(web_yml, live, f"basic_auth_users: {{bob: {HASH}}}")
        async with http.get(url, headers=ALICE) as response:
            assert response.status == 401
        async with http.get(url, headers=basic(b"bob:right")) as response:
            assert response.status == 200


async def test_a_flood_of_wrong_passwords_neither_blocks_nor_locks_out(web_yml: Path) -> None:
    """Ten attackers over real sockets; the known user asks thirty times meanwhile."""
    costly = bcrypt.hashpw(b"right", bcrypt.gensalt(10)).decode()
    live = configured(web_yml, f"basic_auth_users: {{alice: {costly}}}")
    answers: set[int] = set()

    async def attack(http: aiohttp.ClientSession, url: str, number: int) -> None:
        for attempt in range(10**6):
            headers = basic(b"alice:%d-%d" % (number, attempt))
            async with http.get(url, headers=headers) as response:
                answers.add(response.status)

    async with serving(live) as url, aiohttp.ClientSession() as http:
        async with http.get(url, headers=ALICE) as response:
            assert response.status == 200
        async with aiohttp.ClientSession() as many, asyncio.TaskGroup() as group:
            flood = [group.create_task(attack(many, url, number)) for number in range(10)]
            waits = []
            for _ in range(30):
                began = time.monotonic()
                async with http.get(url, headers=ALICE) as response:
                    assert response.status == 200
                waits.append(time.monotonic() - began)
            for task in flood:
                task.cancel()
    assert answers <= {401, 429}
    assert 429 in answers
    # The attackers share this very loop, so only a blocked one would come near a second.
    assert max(waits) < 1.0
