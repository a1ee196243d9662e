"""Synthetic logs in several formats, and a report of them as plain as can be."""

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_network

DAY = datetime(2026, 3, 1, tzinfo=UTC)
PLAYERS = (
    "Overcast/3.0 (+http://overcast.fm/; iOS podcast app)",
    "AntennaPod/3.2.0",
    "Castro 2024.1",
)
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
ADDRESSES = (
    "192.0.2.1",
    "192.0.2.77",
    "198.51.100.9",
    "2001:db8::1",
    "2001:db8::2",
    "2001:db8:1::",
)
STATUSES = (206,) * 8 + (200,) * 4 + (304, 301, 404, 416, 503)
SHOWS = ("talks", "news")


@dataclass(frozen=True)
class Episode:
    """An episode of the CSV, and how many bytes make a download: a minute of it."""

    podcast: str
    name: str
    size: int
    seconds: float

    @property
    def needed(self) -> int:
        return self.size if self.seconds <= 60 else int(self.size / self.seconds * 60)


EPISODES = (
    Episode("talks", "1", 6_000_000, 600),
    Episode("talks", "2", 500_000, 45),
    Episode("news", "1", 900_000, 90),
    Episode("news", "9", 4_000_000, 300),
)
CSV = "podcast,episode,audio_bytes,duration_seconds,published_at\n" + "".join(
    f"{e.podcast},{e.name},{e.size},{e.seconds},2026-03-01T06:00:00Z\n" for e in EPISODES
)


@dataclass(frozen=True)
class Request:
    """A request for audio. `low` is None where a format does not say what part was sent."""

    at: datetime
    episode: Episode
    address: str
    agent: str
    method: str
    status: int
    sent: int
    low: int

    def own(self) -> str:
        """As our own format has it."""
        last = self.low + self.sent - 1
        span = f"bytes {self.low}-{last}/{self.episode.size}" if self.status == 206 else ""
        return json.dumps(
            {
                "time": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "elapsed_us": 100_000,
                "method": self.method,
                "host": "cdn.example.com",
                "path": self._path,
                "status": self.status,
                "body_bytes": self.sent,
                "range": f"bytes={self.low}-" if self.status == 206 else "",
                "content_range": span,
                "user_agent": self.agent,
                "client_ip": self.address,
                "country": "DE",
                "pop": "FRA",
                "cache": "HIT",
            }
        )

    def stock(self) -> str:
        """As the CDN proposes it: without ranges."""
        return json.dumps(
            {
                "timestamp": self.at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
                "client_ip": self.address,
                "geo_country": "germany",
                "host": "cdn.example.com",
                "url": f"{self._path}?from=feed",
                "request_method": self.method,
                "request_user_agent": self.agent,
                "response_state": "HIT-CLUSTER",
                "response_status": self.status,
                "response_body_size": self.sent,
                "fastly_server": "cache-fra-eddf8230001-FRA",
                "fastly_is_edge": True,
            }
        )

    def csv(self) -> str:
        """As the older endpoints have it: without method and ranges."""
        at = self.at.strftime("%d/%b/%Y:%H:%M:%S +0000")
        return (
            f"<134>{self.at:%Y-%m-%dT%H:%M:%SZ} cache-jfk8141 Show[1]: {self.address},[{at}],"
            f'{self._path},{self.sent},{self.status},"{self.agent}",50.0,8.0,"Mainz",EU,DE,"Germany"'
        )

    @property
    def _path(self) -> str:
        e = self.episode
        return f"/uploads/{e.podcast}/{e.name}/{e.podcast}-{e.name}.mp3"


def requests(seed: str, count: int, days: int = 2) -> list[Request]:
    """Requests of a few listeners over some days, in the order of their time."""
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        episode = chance.choice(EPISODES)
        status = chance.choice(STATUSES)
        low = chance.randrange(episode.size - 1) if status == 206 else 0
        sent = {200: episode.size, 206: chance.randrange(3, episode.size + 3)}.get(status, 300)
        found.append(
            Request(
                at=DAY + timedelta(seconds=chance.randrange(days * 86400)),
                episode=episode,
                address=chance.choice(ADDRESSES),
                agent=chance.choice((*PLAYERS, BOT)),
                method="GET",
                status=status,
                sent=0 if status == 304 else min(sent, episode.size - low),
                low=low,
            )
        )
    return sorted(found, key=lambda each: each.at)


def lines(form: str, found: Iterable[Request]) -> bytes:
    """A log file."""
    return "".join(f"{getattr(each, form)()}\n" for each in found).encode()


Row = dict[str, object]


def report(logs: Iterable[tuple[str, Iterable[Request]]], first: date, end: date) -> list[Row]:
    """Return the rows that `nearfield report --format json` gives for these logs."""
    held: dict[tuple[Episode, date, str, str], tuple[set[range], list[int]]] = defaultdict(
        lambda: (set(), [])
    )
    sums: dict[Episode, list[int]] = defaultdict(lambda: [0, 0])
    for form, found in logs:
        for each in found:
            if first <= each.at.date() < end:
                sums[each.episode][0] += 1
                sums[each.episode][1] += 0 if each.status in (301, 404) else each.sent
                if listens(form, each):
                    ranges, loose = held[each.episode, each.at.date(), client(each), each.agent]
                    if form == "own":
                        ranges.add(range(each.low, each.low + each.sent))
                    else:
                        loose.append(each.sent)
    downloads: dict[Episode, int] = defaultdict(int)
    for (episode, *_), (ranges, loose) in held.items():
        downloads[episode] += min(union(ranges) + sum(loose), episode.size) >= episode.needed
    rows: list[Row] = [
        {
            "podcast": episode.podcast,
            "episode": episode.name,
            "downloads": downloads[episode],
            "listeners": downloads[episode],
            "bytes": sent,
            "file_equivalents": round(sent / episode.size, 2),
            "requests": n,
        }
        for episode, (n, sent) in sums.items()
    ]
    return sorted(rows, key=key)


def key(row: Row) -> tuple[str, str]:
    """What tells one row from another."""
    return str(row["podcast"]), str(row["episode"])


def listens(form: str, each: Request) -> bool:
    """Whether a request may be part of a download (PTMG 5.5.2)."""
    is_probe = form == "own" and each.status == 206 and (each.low, each.sent) == (0, 2)
    is_probe |= form != "own" and each.status == 206 and each.sent <= 2
    return each.status in (200, 206) and each.agent != BOT and not is_probe


def client(each: Request) -> str:
    """An address, or a network of 64 bits."""
    return (
        str(ip_network(f"{each.address}/64", strict=False)) if ":" in each.address else each.address
    )


def union(ranges: Iterable[range]) -> int:
    """How many numbers are in any of some ranges."""
    end = total = 0
    for each in sorted(ranges, key=lambda one: one.start):
        total += max(each.stop - max(each.start, end), 0)
        end = max(end, each.stop)
    return total


def split(found: list[Request], parts: int) -> Iterator[list[Request]]:
    """Cut requests into files, one after the other."""
    size = len(found) // parts + 1
    yield from (found[at : at + size] for at in range(0, len(found), size))
