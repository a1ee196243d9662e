"""Syslog over real sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from exporters.core.errors import SettingsError, StartError
from exporters.fastly.receive.intake import Intake
from exporters.fastly.syslog import SyslogListener
from exporters.fastly.syslog.gatherer import Gatherer
from tests.core.web.certificates import Authority
from tests.fastly.receive.receiving import ends, receiving, until
from tests.fastly.spool.spooling import drain

HEADER = b"<134>2016-07-04T22:37:26Z cache-sjc3128 LogTest[62959]: "
LINES = [b'{"number":%d}\n' % number for number in range(300)]


@dataclass(frozen=True, slots=True)
class Running:
    intake: Intake
    listener: SyslogListener
    tls: ssl.SSLContext | None = None

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.listener.address.port, ssl=self.tls)

    async def send(self, sent: bytes) -> bytes:
        """Send, say that this is all, and return when the other side has ended it, too."""
        reader, writer = await self.connect()
        with closing(writer):
            writer.write(sent)
            if writer.can_write_eof():
                writer.write_eof()
            return await ends(reader)

    def refused(self, reason: str) -> float:
        return self.intake.metrics.refused.value(("syslog", reason)) or 0.0

    @property
    def connections(self) -> float:
        return self.intake.metrics.connections.value(("syslog",)) or 0.0

    async def stored(self, count: int) -> list[bytes]:
        """The lines in the spool, when that many are there."""
        lines: list[bytes] = []
        async with asyncio.timeout(10):
            while len(lines) < count:
                await self.intake.spool.oldest()
                lines += b"".join(await drain(self.intake.spool)).splitlines(keepends=True)
        return lines


@asynccontextmanager
async def listening(
    data_dir: Path,
    tls: ssl.SSLContext | None = None,
    limits: dict[str, Any] | None = None,
    **syslog: Any,
) -> AsyncIterator[Running]:
    section = {"listen": "127.0.0.1:0", **syslog}
    async with receiving(data_dir, syslog=section, **(limits or {})) as running:
        (listener,) = (
            each for each in running.intake.listeners if isinstance(each, SyslogListener)
        )
        yield Running(running.intake, listener, tls)


async def test_lines_are_stored(tmp_path: Path) -> None:
    async with listening(tmp_path) as running:
        await running.send(b"".join(HEADER + line for line in LINES))
        assert await running.stored(len(LINES)) == LINES


async def test_counted_messages_are_stored(tmp_path: Path) -> None:
    async with listening(tmp_path) as running:
        messages = [HEADER + line.strip() for line in LINES]
        await running.send(b"".join(b"%d %s" % (len(each), each) for each in messages))
        assert await running.stored(len(LINES)) == LINES


async def test_lines_are_stored_while_the_connection_lasts(tmp_path: Path) -> None:
    async with listening(tmp_path) as running:
        _, writer = await running.connect()
        for line in LINES[:3]:
            writer.write(HEADER + line)
            assert await running.stored(1) == [line]
        writer.close()


async def test_the_same_line_counts_as_often_as_it_comes(tmp_path: Path) -> None:
    async with listening(tmp_path) as running:
        for _ in range(3):
            await running.send(HEADER + LINES[0])
            assert await running.stored(1) == [LINES[0]]


async def test_many_connections_are_read(tmp_path: Path) -> None:
    async with listening(tmp_path) as running:
        await asyncio.gather(*(running.send(HEADER + line) for line in LINES[:50]))
        assert sorted(await running.stored(50)) == sorted(LINES[:50])
        await until(lambda: running.connections == 0)


async def test_a_wrong_token_ends_the_connection_and_keeps_what_came_before(
    tmp_path: Path,
) -> None:
    async with listening(tmp_path, token="one\ntwo") as running:
        sent = [b"one " + HEADER + LINES[0], HEADER + b"two " + LINES[1], HEADER + LINES[2]]
        reader, writer = await running.connect()
        writer.write(b"".join([*sent, *sent]))
        assert await ends(reader) == b""
        assert await running.stored(2) == LINES[:2]
        assert running.refused("unauthorized") == 1
        writer.close()


async def test_too_many_connections_are_ended(tmp_path: Path) -> None:
    async with listening(tmp_path, connection_limit=2) as running:
        held = [await running.connect() for _ in range(2)]
        await until(lambda: running.connections == 2)
        assert await running.send(HEADER + LINES[0]) == b""
        assert running.refused("busy") == 1
        for _, writer in held:
            writer.close()
        await until(lambda: running.connections == 0)
        await running.send(HEADER + LINES[0])
        assert await running.stored(1) == LINES[:1]


async def test_a_silent_connection_is_ended(tmp_path: Path) -> None:
    async with listening(tmp_path, idle_timeout="100ms") as running:
        reader, writer = await running.connect()
        writer.write(HEADER + LINES[0])
        assert await ends(reader) == b""
        assert await running.stored(1) == LINES[:1]
        assert running.refused("slow") == 0
        writer.close()


async def test_a_client_that_drips_and_says_nothing_is_ended(tmp_path: Path) -> None:
    async with listening(tmp_path, idle_timeout="200ms") as running:
        reader, writer = await running.connect()
        ended = asyncio.create_task(ends(reader))
        while not ended.done():
            writer.write(b"x")
            await asyncio.wait([ended], timeout=0.02)
        assert running.refused("slow") == 1
        writer.close()


async def test_a_long_line_is_rejected_and_its_neighbours_are_stored(tmp_path: Path) -> None:
    async with listening(tmp_path, limits={"line_limit": "1kB"}) as running:
        await running.send(HEADER + LINES[0] + HEADER + b"x" * 5000 + b"\n" + HEADER + LINES[1])
        assert await running.stored(2) == LINES[:2]
        assert running.intake.quarantine.rejected.value(("syslog", "too_long")) == 1


async def test_random_bytes_harm_nobody(tmp_path: Path) -> None:
    async with listening(tmp_path) as running:
        await running.send(bytes(range(256)) * 50)
        await running.send(b"999999999 <134>" + b"x" * 1000)
        await running.send(HEADER + LINES[0])
        await until(lambda: running.connections == 0)
        assert LINES[0] in await running.stored(1)


async def test_a_full_spool_makes_the_sender_wait_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Gatherer.__init__, "__kwdefaults__", {"again": 0.01})
    lines = [b"%d " % number + b"x" * 980 + b"\n" for number in range(10_000)]
    async with listening(tmp_path, limits={"spool_quota": "700kB"}) as running:
        _, writer = await running.connect()
        sender = asyncio.create_task(send_all(writer, lines))
        await until(lambda: running.listener.health().reason != "")
        assert not sender.done()
        assert await running.stored(len(lines)) == lines
        await sender


async def send_all(writer: asyncio.StreamWriter, lines: list[bytes]) -> None:
    for line in lines:
        writer.write(line)
        await writer.drain()
    writer.close()


async def test_what_was_read_is_stored_when_the_listener_is_left(tmp_path: Path) -> None:
    async with listening(tmp_path) as running:
        _, writer = await running.connect()
        writer.write(HEADER + LINES[0] + b"the beginning of a message")
        # One write, so that both have been read when the first is stored.
        assert await running.stored(1) == LINES[:1]
    writer.close()
    async with listening(tmp_path) as running:
        assert await running.stored(1) == [b"the beginning of a message\n"]


async def test_lines_come_over_tls_with_a_certificate(tmp_path: Path, authority: Authority) -> None:
    server, client = authority.issue(), authority.issue(client=True)
    config = tmp_path / "syslog.yml"
    config.write_text(
        f"tls_server_config: {{cert_file: {server.cert}, key_file: {server.key},"
        f" client_ca_file: {authority.cert}, client_auth_type: RequireAndVerifyClientCert}}\n"
    )
    tls = ssl.create_default_context(cafile=str(authority.cert))
    async with listening(tmp_path, tls, web_config_file=config) as running:
        assert await anonymous(running) == b""
        tls.load_cert_chain(client.cert, client.key)
        _, writer = await running.connect()
        writer.write(HEADER + LINES[0])
        assert await running.stored(1) == LINES[:1]
        writer.close()


async def anonymous(running: Running) -> bytes:
    try:
        return await running.send(HEADER + LINES[1])
    except OSError:
        return b""


async def test_an_address_that_is_taken_stops_the_start(tmp_path: Path) -> None:
    async with listening(tmp_path / "one") as running:
        with pytest.raises(StartError, match=r"syslog: cannot listen on .*: address already"):
            async with listening(tmp_path / "two", listen=str(running.listener.address)):
                pass


async def test_passwords_are_not_for_syslog(tmp_path: Path) -> None:
    config = tmp_path / "syslog.yml"
    config.write_text(
        "basic_auth_users: {alice: $2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi}\n"
    )
    with pytest.raises(SettingsError, match=r"fastly.syslog.web_config_file: knows no passwords"):
        async with listening(tmp_path, web_config_file=config):
            pass
