"""The receiver over real sockets: what it takes, what it refuses, and how it says so."""

import asyncio
import gzip
import hashlib
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from exporters.core.errors import SettingsError, StartError
from exporters.fastly import challenge
from exporters.fastly.receive import INGEST, connections
from tests.core.web.certificates import Authority
from tests.fastly.bodies.encodings import ENCODERS
from tests.fastly.receive.receiving import AUTH, LINE, TOKEN, ends, receiving, until
from tests.fastly.spool.disks import fill, small

LINES = [LINE.replace(b"206", b"%d" % (1000 + number)) for number in range(500)]
ARRAY = json.dumps([json.loads(line) for line in LINES], separators=(",", ":")).encode()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "OPTIONS"])
async def test_the_challenge_is_answered_to_any_method(tmp_path: Path, method: str) -> None:
    async with (
        receiving(tmp_path, service_ids=["abc", "*", "ABC"]) as running,
        running.client.request(method, running.base + challenge.PATH) as response,
    ):
        assert response.status == 200
        expected = [hashlib.sha256(b"abc").hexdigest(), "*", hashlib.sha256(b"ABC").hexdigest()]
        if method != "HEAD":
            assert (await response.text()).splitlines() == expected


async def test_the_challenge_without_services_is_not_found(tmp_path: Path) -> None:
    async with (
        receiving(tmp_path, service_ids=[]) as running,
        running.client.get(running.base + challenge.PATH) as response,
    ):
        assert response.status == 404


def test_an_id_that_is_a_digest_is_taken_as_one() -> None:
    digest = hashlib.sha256(b"abc").hexdigest()
    assert challenge.answer([digest.upper(), "abc"]) == f"{digest}\n"


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_batch_that_is_answered_200_is_in_the_spool(tmp_path: Path, method: str) -> None:
    async with receiving(tmp_path) as running:
        assert await running.send(b"".join(LINES), method=method) == (200, "stored\n")
        assert await running.stored() == LINES
        assert running.intake.metrics.batches.value(("https",)) == 1


@pytest.mark.parametrize("body", [b"".join(LINES), ARRAY], ids=["lines", "array"])
@pytest.mark.parametrize("encoding", list(ENCODERS))
async def test_every_encoding_is_read(tmp_path: Path, encoding: str, body: bytes) -> None:
    headers = {"Content_Encoding": encoding} if encoding else {}
    async with receiving(tmp_path) as running:
        assert await running.send(ENCODERS[encoding](body), **headers) == (200, "stored\n")
        assert await running.stored() == LINES


async def test_a_chunked_batch_is_read(tmp_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for line in LINES:
            yield line[:10]
            yield line[10:]

    async with receiving(tmp_path) as running:
        assert await running.send(chunks()) == (200, "stored\n")
        assert await running.stored() == LINES


async def test_a_batch_that_is_sent_again_is_stored_once(tmp_path: Path) -> None:
    body = b"".join(LINES)
    async with receiving(tmp_path) as running:
        assert await running.send(body) == (200, "stored\n")
        repeated = await running.send(gzip.compress(body), Content_Encoding="gzip")
        assert repeated == (200, "repeated\n")
        assert running.intake.metrics.repeated.value(("https",)) == 1
        assert await running.stored() == LINES


async def test_an_empty_batch_is_no_error(tmp_path: Path) -> None:
    async with receiving(tmp_path) as running:
        for body in (b"", b"[]", b"\n\n"):
            assert (await running.send(body))[0] == 200
        assert await running.stored() == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer \N{SNOWMAN}"},
        {"X-Token": TOKEN},
    ],
)
async def test_a_wrong_token_is_401(tmp_path: Path, headers: dict[str, str]) -> None:
    async with receiving(tmp_path) as running:
        async with running.client.post(
            running.base + INGEST, data=LINE, headers=headers
        ) as response:
            assert response.status == 401
            assert TOKEN not in await response.text()
        assert running.refused("unauthorized") == 1
        assert await running.stored() == []


async def test_each_of_several_tokens_opens(tmp_path: Path) -> None:
    async with receiving(tmp_path, token=f"\n old \n{TOKEN}\r\n") as running:
        assert (await running.send(LINE))[0] == 200
        assert (await running.send(b"a\n", Authorization="bearer old"))[0] == 200
        assert (await running.send(b"b\n", Authorization="Bearer older"))[0] == 401


async def test_another_header_may_hold_the_token(tmp_path: Path) -> None:
    async with receiving(tmp_path, token_header="X-Log-Token") as running:
        assert (await running.send(LINE))[0] == 401
        assert (await running.send(LINE, X_Log_Token=TOKEN))[0] == 200


async def test_settings_without_a_token_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"fastly.token_file: wants a file with one token"):
        async with receiving(tmp_path, token="\n \n"):
            pass


async def test_a_body_over_the_limit_is_413(tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 10_000 + b"\n"

    async with receiving(tmp_path, body_limit="100kB") as running:
        assert (await running.send(b"x" * 100_001))[0] == 413
        assert (await running.send(endless()))[0] == 413
        assert running.refused("too_large") == 2
        assert await running.stored() == []


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "x-snappy-framed"])
async def test_a_bomb_is_413(tmp_path: Path, encoding: str) -> None:
    bomb = ENCODERS[encoding](b"a\n" * 20_000_000)
    async with receiving(tmp_path, inflated_limit="30MB") as running:
        assert (await running.send(bomb, Content_Encoding=encoding))[0] == 413
        assert running.intake.spool.stock.size == 0
    async with receiving(tmp_path) as running:
        ratio = 250 if encoding != "x-snappy-framed" else 0  # snappy has no such ratio
        status, _ = await running.send(bomb, Content_Encoding=encoding)
        assert status == (413 if ratio else 200)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, zstd"])
async def test_an_unknown_encoding_is_415(tmp_path: Path, encoding: str) -> None:
    async with receiving(tmp_path) as running:
        assert (await running.send(LINE, Content_Encoding=encoding))[0] == 415
        assert running.refused("encoding") == 1


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "snappy", "x-snappy-framed"])
async def test_a_corrupt_body_is_400(tmp_path: Path, encoding: str) -> None:
    async with receiving(tmp_path) as running:
        good = ENCODERS[encoding](b"".join(LINES))
        for body in (good[:-10], b"\xff" * 100, good[:5] + b"\xff" * 50):
            assert (await running.send(body, Content_Encoding=encoding))[0] in {400, 413}
        assert running.refused("corrupt") + running.refused("too_large") == 3
        assert await running.stored() == []


async def test_too_many_connections_are_429(tmp_path: Path) -> None:
    async with receiving(tmp_path, connection_limit=2) as running:
        idle = [await asyncio.open_connection(*running.address) for _ in range(2)]
        await until(lambda: running.intake.metrics.connections.value(("https",)) == 2)
        assert await running.send(LINE) == (429, "too many connections\n")
        more = [await asyncio.open_connection(*running.address) for _ in range(3)]
        cut = [await ends(reader) for reader, _ in more[2:]]
        assert cut == [b""]
        assert running.refused("busy") >= 2
        for _, writer in [*idle, *more]:
            writer.close()
        await until(lambda: running.intake.metrics.connections.value(("https",)) == 0)
        assert (await running.send(LINE))[0] == 200


async def test_too_many_batches_are_429(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporters.fastly.receive.intake.PATIENCE", 0.02)
    release = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield LINE
        await release.wait()

    async with receiving(tmp_path, batch_limit=1) as running:
        first = asyncio.create_task(running.send(slow()))
        await until(lambda: len(running.intake.spool.stock.parts) == 1)
        assert await running.send(LINES[0]) == (429, "too many batches at a time\n")
        assert running.refused("busy") == 1
        release.set()
        assert await first == (200, "stored\n")
        assert await running.send(LINES[0]) == (200, "stored\n")


async def test_a_batch_waits_for_its_turn(tmp_path: Path) -> None:
    async with receiving(tmp_path, batch_limit=1) as running:
        answers = await asyncio.gather(*(running.send(line) for line in LINES[:50]))
        assert set(answers) == {(200, "stored\n")}


async def test_a_full_spool_is_503_until_it_has_room(tmp_path: Path) -> None:
    async with receiving(tmp_path, spool_quota="1kB") as running:
        assert (await running.send(b"x" * 1000))[0] == 503
        body = b"x" * 999
        assert (await running.send(body))[0] == 200
        assert await running.send(LINE) == (503, "the spool is full\n")
        assert running.refused("quota") == 2
        assert await running.stored() == [body + b"\n"]
        assert (await running.send(LINE))[0] == 200


async def test_a_batch_is_refused_while_it_comes_when_the_spool_is_full(tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 9_999 + b"\n"

    async with receiving(tmp_path, spool_quota="1MB", body_limit="1GB") as running:
        assert await running.send(endless()) == (503, "the spool is full\n")
        assert running.intake.spool.stock.size == 0


async def test_a_connection_does_not_rest_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "KEPT", 0.05)
    async with receiving(tmp_path) as running:
        reader, writer = await asyncio.open_connection(*running.address)
        with closing(writer):
            writer.write(head(len(LINE)) + LINE)
            assert b"200 OK" in await ends(reader)
        assert running.refused("slow") == 0


async def test_a_full_disk_is_503_until_it_has_room(tmp_path: Path) -> None:
    with small(tmp_path):
        async with receiving(tmp_path) as running:
            assert (await running.send(LINES[0]))[0] == 200
            fill(tmp_path / "ballast")
            body = b"".join(LINES) * 10
            assert await running.send(body) == (503, "no space left on device\n")
            assert running.refused("disk") == 1
            assert not running.intake.spool.health().fresh
            (tmp_path / "ballast").unlink()
            assert (await running.send(body))[0] == 200
            assert running.intake.spool.health().fresh
            assert await running.stored() == [LINES[0], *LINES * 10]


async def test_nothing_else_is_there(tmp_path: Path) -> None:
    async with receiving(tmp_path) as running:
        for method, path, status in (
            ("GET", INGEST, 405),
            ("GET", "/", 404),
            ("GET", "/metrics", 404),
            ("POST", challenge.PATH + "/x", 404),
        ):
            async with running.client.request(method, running.base + path) as response:
                assert response.status == status


async def test_a_long_line_is_rejected_and_its_neighbours_are_stored(tmp_path: Path) -> None:
    async with receiving(tmp_path, line_limit="1kB") as running:
        body = b"first\n198.51.100.7 " + b"x" * 5000 + b"\nlast\n"
        assert await running.send(body) == (200, "stored\n")
        assert await running.send(body) == (200, "repeated\n")
        assert await running.stored() == [b"first\n", b"last\n"]
        rejected = running.intake.quarantine.rejected
        assert rejected.value(("https", "too_long")) == 1
    (record,) = (tmp_path / "quarantine" / "rejected.jsonl").read_text().splitlines()
    assert json.loads(record)["line"].startswith("0.0.0.0 xxx")


async def test_a_client_that_goes_leaves_nothing(tmp_path: Path) -> None:
    async with receiving(tmp_path) as running:
        _, writer = await asyncio.open_connection(*running.address)
        writer.write(head(10**7) + b"x\n" * 10**6)
        await writer.drain()
        await until(lambda: running.intake.spool.stock.size > 10**6)
        writer.close()
        await until(lambda: running.intake.spool.stock.size == 0)
        assert running.refused("broken_off") == 1
        assert await running.stored() == []


async def test_a_client_that_stops_in_the_middle_is_408(tmp_path: Path) -> None:
    async with receiving(tmp_path, idle_timeout="100ms") as running:
        reader, writer = await asyncio.open_connection(*running.address)
        with closing(writer):
            writer.write(head(1000) + b"the beginning")
            assert (await reader.readline()).startswith(b"HTTP/1.1 408")
        assert running.refused("slow") == 1
        assert running.intake.spool.stock.parts == set()


async def test_a_client_that_drips_is_408(tmp_path: Path) -> None:
    async with receiving(tmp_path, idle_timeout="200ms", lowest_rate="1kB") as running:
        reader, writer = await asyncio.open_connection(*running.address)
        with closing(writer):
            writer.write(head(1000))
            answer = asyncio.create_task(reader.readline())
            while not answer.done():
                writer.write(b"x")
                await asyncio.wait([answer], timeout=0.02)
            assert (await answer).startswith(b"HTTP/1.1 408")
        assert running.refused("slow") == 1


@pytest.mark.parametrize("beginning", [b"", b"POST /ingest/fastly HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_a_client_that_never_says_what_it_wants_is_cut_off(
    tmp_path: Path, beginning: bytes
) -> None:
    async with receiving(tmp_path, idle_timeout="100ms") as running:
        reader, writer = await asyncio.open_connection(*running.address)
        with closing(writer):
            writer.write(beginning)
            assert await ends(reader) == b""
        assert running.refused("slow") == 1
        await until(lambda: running.intake.metrics.connections.value(("https",)) == 0)


async def test_a_kept_connection_serves_many_batches(tmp_path: Path) -> None:
    async with receiving(tmp_path) as running:
        reader, writer = await asyncio.open_connection(*running.address)
        with closing(writer):
            for line in LINES[:20]:
                writer.write(head(len(line)) + line)
                assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
                assert (await reader.readuntil(b"stored\n")).endswith(b"stored\n")


async def test_a_body_is_asked_for_only_if_its_head_is_right(tmp_path: Path) -> None:
    async with receiving(tmp_path) as running:
        for auth, first in ((TOKEN, b"HTTP/1.1 100 Continue\r\n"), ("x", b"HTTP/1.1 401 ")):
            reader, writer = await asyncio.open_connection(*running.address)
            with closing(writer):
                writer.write(head(len(LINE), auth, b"Expect: 100-continue\r\n"))
                assert (await reader.readline()).startswith(first)
                if auth == TOKEN:
                    writer.write(LINE)
                    assert b"200 OK" in await reader.readuntil(b"stored\n")


async def test_random_bytes_are_counted_and_harm_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with receiving(tmp_path, idle_timeout="500ms") as running:
        for junk in (b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 5000, b"GET / HTTP/9.9\r\n\r\n"):
            reader, writer = await asyncio.open_connection(*running.address)
            with closing(writer):
                writer.write(junk)
                await ends(reader)
        assert running.refused("malformed") + running.refused("slow") == 3
        assert (await running.send(LINE))[0] == 200
    assert "127.0.0.1" not in caplog.text.replace("listening on 127.0.0.1", "")


async def test_an_address_that_is_taken_stops_the_start(tmp_path: Path) -> None:
    async with receiving(tmp_path / "one") as running:
        host, port = running.address
        with pytest.raises(StartError, match=r"receiver: cannot listen on .*: address already"):
            async with receiving(tmp_path / "two", listen=f"{host}:{port}"):
                pass


async def test_batches_on_their_way_are_answered_before_the_end(tmp_path: Path) -> None:
    leaving = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield LINES[0]
        await leaving.wait()
        for line in LINES[1:10]:
            yield line
            await asyncio.sleep(0.01)  # the listener is being left meanwhile

    async with aiohttp.ClientSession() as client:
        async with receiving(tmp_path) as running:
            request = client.post(running.base + INGEST, data=slow(), headers=AUTH)
            answer = asyncio.create_task(request.__aenter__())
            await until(lambda: len(running.intake.spool.stock.parts) == 1)
            leaving.set()
        assert (await answer).status == 200
    async with receiving(tmp_path) as running:
        assert await running.stored() == LINES[:10]


async def test_lines_come_over_tls(tmp_path: Path, authority: Authority) -> None:
    server = authority.issue()
    config = tmp_path / "receiver.yml"
    config.write_text(f"tls_server_config: {{cert_file: {server.cert}, key_file: {server.key}}}\n")
    tls = ssl.create_default_context(cafile=str(authority.cert))
    async with receiving(tmp_path, tls, web_config_file=config) as running:
        assert await running.send(b"".join(LINES)) == (200, "stored\n")
        assert await running.stored() == LINES


async def test_a_client_without_a_certificate_is_turned_away(
    tmp_path: Path, authority: Authority
) -> None:
    server, client = authority.issue(), authority.issue(client=True)
    config = tmp_path / "receiver.yml"
    config.write_text(
        f"tls_server_config: {{cert_file: {server.cert}, key_file: {server.key},"
        f" client_ca_file: {authority.cert}, client_auth_type: RequireAndVerifyClientCert}}\n"
    )
    tls = ssl.create_default_context(cafile=str(authority.cert))
    async with receiving(tmp_path, tls, web_config_file=config) as running:
        with pytest.raises((aiohttp.ClientError, ssl.SSLError)):
            await running.send(LINE)
        tls.load_cert_chain(client.cert, client.key)
        assert await running.send(LINE) == (200, "stored\n")


async def test_passwords_and_tokens_want_different_headers(tmp_path: Path) -> None:
    config = tmp_path / "receiver.yml"
    config.write_text(
        "basic_auth_users: {alice: $2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi}\n"
    )
    with pytest.raises(SettingsError, match=r"fastly.token_header: wants another header"):
        async with receiving(tmp_path, web_config_file=config):
            pass


def head(length: int, token: str = TOKEN, more: bytes = b"") -> bytes:
    return (
        f"POST {INGEST} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n"
        f"Authorization: Bearer {token}\r\n"
    ).encode() + (more + b"\r\n")
