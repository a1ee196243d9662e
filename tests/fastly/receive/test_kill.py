"""SIGKILL at random moments under clients that repeat what was not answered: nothing is lost."""

import asyncio
import gzip
import os
import random
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from exporters.fastly.receive import INGEST
from exporters.fastly.segment import digest
from exporters.fastly.spool.recovery import recover
from tests.fastly.receive.receiving import AUTH
from tests.fastly.spool.spooling import batches_of

KILLS = 50 if os.environ.get("NEARFIELD_TEST_SOAK") else 5
SENDERS = 6


class Senders:
    """Clients that send batch after batch, each until it is answered 200."""

    def __init__(self, url: str, client: aiohttp.ClientSession) -> None:
        self.url, self.client = url, client
        self.answered: list[bytes] = []
        self.repeats = 0
        self.stopping = False

    async def run(self, seed: int) -> None:
        chance = random.Random(seed)
        number = 0
        while not self.stopping:
            lines = int(chance.paretovariate(0.6)) % 2000 + 1
            body = b"".join(b'{"id":"%d-%d-%d"}\n' % (seed, number, line) for line in range(lines))
            await self.send(body, compressed=chance.random() < 0.3)
            number += 1

    async def send(self, body: bytes, *, compressed: bool) -> None:
        data = gzip.compress(body, 1) if compressed else body
        while True:
            try:
                async with self.client.post(self.url, data=data, headers=AUTH) as response:
                    if response.status == 200:
                        self.answered.append(body)
                        return
            except (aiohttp.ClientError, ConnectionError):
                await asyncio.sleep(0.01)
            self.repeats += 1


@asynccontextmanager
async def receiver(data_dir: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a receiver, and kill it in the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fastly.receive.process", str(data_dir), str(port)
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        assert await process.wait() == -signal.SIGKILL


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_what_was_answered_is_there_once_however_often_the_process_is_killed(
    tmp_path: Path,
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    moments = random.Random(7)
    async with aiohttp.ClientSession() as client:
        senders = Senders(f"http://127.0.0.1:{port}{INGEST}", client)
        at_work = [asyncio.create_task(senders.run(seed)) for seed in range(SENDERS)]
        for kill in range(KILLS + 1):
            async with receiver(tmp_path, port):
                before = len(senders.answered)
                while len(senders.answered) <= before:
                    await asyncio.sleep(0.001)
                await asyncio.sleep(moments.random() * 0.1)
                if kill == KILLS:
                    senders.stopping = True
                    await asyncio.gather(*at_work)
    assert senders.repeats > KILLS
    stored = Counter(
        body for segment, _ in recover(tmp_path / "spool") for body in batches_of(segment)
    )
    assert stored == Counter(senders.answered)
    assert set(stored.values()) == {1}
    # The digest of the index is what the ledger will know a repeat by.
    for segment, _ in recover(tmp_path / "spool"):
        for batch, body in zip(segment.batches, batches_of(segment), strict=True):
            assert batch.digest == digest(body)
            assert batch.lines == body.count(b"\n")
