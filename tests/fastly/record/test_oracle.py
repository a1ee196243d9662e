"""The ledger agrees with plain counting, in whatever order and pieces lines arrive."""

import asyncio
import os
import random
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, timedelta
from itertools import count as numbers
from pathlib import Path
from typing import Any

import pytest

from exporters.ledger import EpisodeFacts
from exporters.ledger.model import Window
from tests.fastly.oracle import Counts, File, count
from tests.fastly.traffic import NOON, Counting, body, counting, request

SHOWS, PIECES = (30, 10) if os.environ.get("NEARFIELD_TEST_SOAK") else (3, 5)
SIZE = 120
FILES = {"1": File(SIZE, 40), "2": File(90, 90)}
"""Files of bytes that can be counted on fingers; `seconds` is made so that this is a minute."""
EPISODES = (("1", SIZE, 180.0), ("2", 90, 50.0))
ADDRESSES = ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
AGENTS = ("Player/1", "Player/1", "Player/2", "Bot/1", "Watch/1")
STATUSES = (206,) * 12 + (200,) * 4 + (304, 301, 308, 404, 416, 503)


def traffic(
    chance: random.Random, podcast: str, lines: int, hours: int
) -> Iterator[dict[str, Any]]:
    """Requests of a few listeners: wholes, parts, and all that is not listening."""
    for _ in range(lines):
        episode, size, _ = chance.choice(EPISODES)
        low = chance.randrange(size)
        sent = chance.choice((0, 1, size - low, chance.randrange(size - low + 1)))
        status = chance.choice(STATUSES)
        at = NOON + timedelta(minutes=chance.randrange(hours * 60), seconds=chance.randrange(60))
        address = chance.choice(ADDRESSES)
        yield request(
            time=at.isoformat(),
            path=f"/uploads/{podcast}/{episode}/{podcast}-{episode}.mp3",
            method=chance.choice(("GET",) * 9 + ("HEAD", "POST")),
            status=status,
            body_bytes=chance.randrange(size + 1) if status == 200 else sent,
            range=chance.choice(("", f"bytes={low}-", "bytes=0-1")),
            content_range=f"bytes {low}-{size - 1}/{size}" if status == 206 else "",
            user_agent=chance.choice(AGENTS),
            client_ip=address,
            country="DE" if "." in address else "US",
            inner=chance.random() < 0.05,
            shield=int(chance.random() < 0.05),
        )


async def found(state: Counting, podcast: str) -> Counts:
    """Read what the ledger says of a show."""
    counts = Counts()
    where = f"WHERE podcast = '{podcast}'"
    for episode, hour, downloads, requests, sent in await state.rows(
        f"SELECT episode, hour, downloads, requests, bytes FROM nearfield.episode_hours {where}"
    ):
        at = hour.astimezone(UTC)
        counts.hours[at, episode] += downloads
        counts.downloads[at.date(), episode] += downloads
        counts.requests[at, episode] += requests
        counts.sent[at, episode] += sent
    for day, country, n in await state.rows(
        f"SELECT day, country, downloads FROM nearfield.episode_countries {where}"
    ):
        counts.countries[day, country] += n
    for day, app, n in await state.rows(
        f"SELECT day, app, downloads FROM nearfield.episode_apps {where}"
    ):
        counts.apps[day, app] += n
    for episode, tenths in await state.rows(
        "SELECT episode, tenths FROM nearfield.totals"
        f" JOIN nearfield.episodes ON id = episode_id {where}"
    ):
        counts.tenths.update({(episode, n): held for n, held in enumerate(tenths, 1)})
    for outcome, n in (await state.outcomes(podcast)).items():
        counts.outcomes["rest" if outcome in ("repeat", "incomplete") else outcome] += n
    return counts


def same(ours: Counts, theirs: Counts) -> None:
    """Compare what is counted, one kind at a time, zeros left out."""
    for name in Counts.__dataclass_fields__:
        assert +getattr(ours, name) == +getattr(theirs, name), name


def split(chance: random.Random, lines: list[Any], parts: int) -> list[list[Any]]:
    """Cut lines into some parts; some may be empty."""
    cuts = sorted(chance.randrange(len(lines) + 1) for _ in range(parts - 1))
    return [lines[low:high] for low, high in zip([0, *cuts], [*cuts, len(lines)], strict=True)]


async def prepare(state: Counting, podcast: str) -> None:
    await state.tell(
        *(EpisodeFacts(podcast, name, None, size, seconds) for name, size, seconds in EPISODES)
    )
    state.now = NOON + timedelta(hours=60)


@pytest.mark.soak
@pytest.mark.parametrize("window", ["calendar", "first-touch", "last-touch"])
async def test_any_order_and_any_pieces_give_the_same_counts(
    database: str, tmp_path: Path, window: Window
) -> None:
    chance, shows = random.Random(window), numbers()
    async with counting(database, tmp_path, window=window) as state:
        for _ in range(SHOWS):
            podcast = f"show{next(shows)}"
            await prepare(state, podcast)
            lines = list(traffic(chance, podcast, 120, 60))
            chance.shuffle(lines)
            for piece in split(chance, lines, chance.randint(1, 6)):
                batches = [body(batch) for batch in split(chance, piece, 3)]
                await state.batches(*batches)
            same(await found(state, podcast), count(lines, FILES, window))


async def test_replaying_any_batch_changes_nothing(database: str, tmp_path: Path) -> None:
    chance = random.Random("replay")
    async with counting(database, tmp_path) as state:
        await prepare(state, "show")
        lines = list(traffic(chance, "show", 150, 60))
        batches = [body(batch) for batch in split(chance, lines, 12) if batch]
        again = batches + chance.choices(batches, k=20)
        chance.shuffle(again)
        repeated = 0
        for piece in split(chance, again, 6):
            repeated += (await state.batches(*piece)).repeated
        assert repeated == 20
        same(await found(state, "show"), count(lines, FILES))


@pytest.mark.soak
@pytest.mark.parametrize("window", ["calendar", "last-touch"])
async def test_several_workers_at_once_count_as_one(
    database: str, tmp_path: Path, window: Window
) -> None:
    chance = random.Random("workers")
    async with AsyncExitStack() as stack:
        workers = [
            await stack.enter_async_context(
                counting(database, tmp_path / name, worker=name, window=window)
            )
            for name in ("one", "two", "three")
        ]
        for worker in workers:
            await prepare(worker, "show")
        lines = list(traffic(chance, "show", 600, 60))
        batches = [body(batch) for batch in split(chance, lines, 60) if batch]
        again = batches + chance.choices(batches, k=30)
        chance.shuffle(again)

        async def work(worker: Counting, share: list[bytes]) -> None:
            for piece in split(chance, share, PIECES):
                await worker.batches(*piece)

        shares = (again[n::3] for n in range(3))
        await asyncio.gather(*map(work, workers, shares))
        same(await found(workers[0], "show"), count(lines, FILES, window))
