"""Lines, segments and a ledger for tests of measuring and counting."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from psycopg.sql import SQL
from pydantic import SecretStr

from exporters.core.database import Database
from exporters.fastly.agents import Agent, Classifier
from exporters.fastly.formats import AUTO, FORMATS, Format
from exporters.fastly.lines import clean
from exporters.fastly.measure import Measurer, Networks, Rules
from exporters.fastly.measure.hosts import Hosts
from exporters.fastly.record import Recorded, Recorder
from exporters.fastly.segment import Batch, Segment, Source, digest
from exporters.ledger import Archive, EpisodeFacts, Ledger, write_episodes
from exporters.ledger.model import Window

NOON = datetime(2026, 10, 9, 12, tzinfo=UTC)
RULES = Rules(
    episode_path=r"^/uploads/(?P<podcast>[^/]+)/(?P<episode>[^/]+)/[^/]+\.mp3$",
    feed_path=r"^/(?P<feed>[^/]+)/feed/?$",
    feeds={"interviews": "show"},
)


def classify(agents: Sequence[str]) -> list[Agent]:
    """A classifier that goes by the first word: Bot, Watch, or the name of an app."""
    words = [agent.replace("/", " ").partition(" ")[0] for agent in agents]
    return [
        Agent(word, "bot" if word == "Bot" else "watch" if word == "Watch" else "listener")
        for word in words
    ]


def request(**changes: Any) -> dict[str, Any]:
    """A line of our own format: a listener gets the first megabyte of an episode at noon."""
    return {
        "time": NOON.isoformat(),
        "elapsed_us": 250_000,
        "method": "GET",
        "host": "cdn.example.com",
        "path": "/uploads/show/1/show-1.mp3",
        "status": 206,
        "body_bytes": 1_000_000,
        "range": "bytes=0-999999",
        "content_range": "bytes 0-999999/10000000",
        "user_agent": "Player/1.0",
        "client_ip": "192.0.2.1",
        "country": "DE",
        "continent": "EU",
        "pop": "FRA",
        "cache": "HIT-CLUSTER",
        "protocol": "HTTP/2",
        "ipv6": False,
        "inner": False,
        "shield": 0,
        "error": "",
    } | changes


def part(low: int, size: int, **changes: Any) -> dict[str, Any]:
    """A request for `size` bytes of the file from `low` on, all delivered."""
    span = f"{low}-{low + size - 1}"
    changes = {"range": f"bytes={span}", "content_range": f"bytes {span}/10000000"} | changes
    return request(body_bytes=size, **changes)


def body(lines: Iterable[dict[str, Any] | str | bytes]) -> bytes:
    """Lines as a client sends them."""
    return b"".join(
        (line if isinstance(line, bytes) else line.encode() if isinstance(line, str)
         else json.dumps(line).encode()) + b"\n"
        for line in lines
    )  # fmt: skip


def segment(folder: Path, *bodies: bytes, source: Source = "https", form: str = "auto") -> Segment:
    """A segment with these batches."""
    name = uuid4().hex
    log = folder / f"{name}.log"
    batches, offset = [], 0
    with log.open("wb") as out:
        for sent in bodies:
            lines = clean(sent)
            out.write(lines)
            batches.append(Batch(digest(sent), offset, len(lines), lines.count(b"\n")))
            offset += len(lines)
    return Segment(name, log, source, form, tuple(batches))


@dataclass
class Counting:
    """A ledger and somebody who records into it."""

    ledger: Ledger
    recorder: Recorder
    folder: Path
    now: datetime = NOON + timedelta(minutes=5)
    archives: int = field(default=0)

    async def send(self, *lines: dict[str, Any] | str | bytes, form: str = "auto") -> Recorded:
        """Record one batch as a segment of its own."""
        return await self.batches(body(lines), form=form)

    async def batches(self, *bodies: bytes, form: str = "auto") -> Recorded:
        """Record a segment of these batches."""
        return await self.recorder.record(segment(self.folder, *bodies, form=form))

    async def backfill(self, *lines: dict[str, Any] | str | bytes) -> Recorded:
        """Record lines as an archived file."""
        sent = body(lines)
        archive = Archive(digest(sent), "archive.log", len(lines))
        return await self.recorder.record(segment(self.folder, sent, source="file"), [archive])

    async def tell(self, *episodes: EpisodeFacts) -> None:
        """Tell the ledger about episodes."""
        await write_episodes(self.ledger.database, episodes, self.now)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the ledger."""
        return list(await self.ledger.database.fetch(SQL(query), deadline=30))

    async def value(self, query: str) -> Any:
        """Ask the ledger for one value."""
        return (await self.rows(query))[0][0]

    async def outcomes(self, podcast: str = "show") -> dict[str, int]:
        """Requests for a show by what became of them."""
        found = await self.rows(
            "SELECT outcome, sum(requests)::bigint FROM nearfield.outcomes"
            f" WHERE podcast = '{podcast}' GROUP BY outcome"
        )
        return {outcome: n for outcome, n in found if n}

    async def live(self, family: str, podcast: str = "show") -> dict[str, int]:
        """Live counters of a show by their label."""
        found = await self.rows(
            "SELECT label, sum(peak)::bigint FROM nearfield.counters"
            f" WHERE family = '{family}' AND podcast = '{podcast}' GROUP BY label"
        )
        return dict(found)

    async def downloads(self) -> dict[tuple[str, str], int]:
        """Downloads of all shows by day and episode."""
        found = await self.rows(
            "SELECT day::text, episode, downloads FROM nearfield.episode_days ORDER BY 1, 2"
        )
        return {(day, episode): n for day, episode, n in found if n}


@asynccontextmanager
async def counting(
    dsn: str,
    folder: Path,
    *,
    rules: Rules = RULES,
    window: Window = "calendar",
    networks: Networks = Networks(),  # noqa: B008 - frozen
    piece: int = 1 << 26,
    worker: str = "one",
    formats: dict[str, Format] | None = None,
    classifier: Classifier = classify,
) -> AsyncIterator[Counting]:
    """Open a ledger and record into it; the clock stands at five past noon until it is set."""
    known = {"auto": AUTO, **FORMATS, **(formats or {})}
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240
    async with Database("the ledger", SecretStr(dsn), limit=4) as database:
        ledger = Ledger(database, window=window)
        await ledger.prepare()
        with Measurer(rules, classifier, networks, Hosts(), folder / "scratch") as measurer:
            state = Counting(ledger, None, folder)  # type: ignore[arg-type]
            state.recorder = Recorder(
                ledger,
                measurer,
                known.__getitem__,
                folder,
                lambda: worker,
                timedelta(hours=6),
                piece,
                now=lambda: state.now,
            )
            yield state
