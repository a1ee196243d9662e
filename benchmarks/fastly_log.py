"""Make a log for the benchmarks: the same lines every time, as a busy show's CDN would write them.

    python benchmarks/fastly_log.py [FILE] [--lines 1000000] [--hours 1] [--start 2026-10-09T08:00]

Lines are 550 bytes in our own JSON format, in the order of their ends. Half are audio: sessions of
1 to 14 ranges by 50,000 listeners with 3,000 user agents on 500 episodes of 5 shows. The rest are
pages, scripts, images and feeds. Without FILE three lines are shown.
"""

import argparse
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from operator import itemgetter
from pathlib import Path

LINE = 550
LISTENERS, AGENTS, EPISODES, RANGES = 50_000, 3_000, 500, 14
SHOWS = ("news", "talks", "code", "music", "books")
POPS = ("LHR", "FRA", "JFK", "SJC", "NRT", "SYD", "GRU", "CDG", "IAD", "SIN")
PLACES = (("US", "NA"), ("GB", "EU"), ("DE", "EU"), ("BR", "SA"), ("JP", "AS"), ("AU", "OC"))
STATES = ("HIT", "HIT-CLUSTER", "HIT-CLUSTER", "MISS-CLUSTER", "PASS", "HIT-STALE")
STATUSES = ("200",) * 12 + ("304",) * 5 + ("301", "404", "503")
PROGRAMS = ("Podcasts/1450.1", "Overcast/3.0", "Castro 2024.1", "AntennaPod/3.2", "PocketCasts/7")
REFERERS = ("", "", "https://example.org/", "https://www.example.com/")


@dataclass(frozen=True, slots=True)
class Episode:
    """What the log needs to know of an episode."""

    podcast: str
    name: str
    size: int
    seconds: int

    @property
    def path(self) -> str:
        """Where its audio lies."""
        return f"/uploads/{self.podcast}/{self.name}/{self.podcast}-{self.name}.mp3"


def episodes() -> list[Episode]:
    """Return the 500 episodes, the newest of each show first."""
    chance = random.Random("episodes")
    return [
        Episode(SHOWS[n % len(SHOWS)], str(1000 - n), chance.randrange(20, 90) * 1_000_000, 3600)
        for n in range(EPISODES)
    ]


class Log:
    """Makes the lines. `start` is the time of the first, in seconds; `hours` how long it lasts."""

    def __init__(self, start: float, hours: float, seed: str = "nearfield") -> None:
        self._chance = random.Random(seed)
        self._start, self._length = start, hours * 3600.0
        self._episodes = episodes()
        self._clients = [_client(n) for n in range(LISTENERS)]

    def lines(self, count: int) -> list[bytes]:
        """Return `count` lines in the order of their ends, each of 550 bytes, LF included."""
        audio = list(islice(self._audio(), count // 2))
        events = [*audio, *islice(self._others(), count - len(audio))]
        events.sort(key=itemgetter(0))
        return [_padded(text) for _, text in events]

    def _audio(self) -> Iterator[tuple[float, str]]:
        """Sessions, each begun at any time: parts of one file, one after the other."""
        random = self._chance.random
        while True:
            at = self._start + random() * self._length
            client = self._clients[int(random() * LISTENERS)]
            episode = self._episodes[int(EPISODES * random() ** 3)]
            parts, from_start = 1 + int(random() * RANGES), random() < 0.8
            size = episode.size // parts
            for part in range(parts):
                low = part * size if from_start else episode.size - (part + 1) * size
                took = 0.05 + random() * 2
                span = f"{low}-{low + size - 1}"
                answer = f'"range":"bytes={span}","content_range":"bytes {span}/{episode.size}"'
                asked = f'"path":"{episode.path}","status":"206","body_bytes":{size},'
                yield at + took, f"{_begun(at, took)}{client}{asked}{answer}"
                at += took + random() * 10

    def _others(self) -> Iterator[tuple[float, str]]:
        random = self._chance.random
        while True:
            at, took = self._start + random() * self._length, random() / 10
            status = STATUSES[int(random() * len(STATUSES))]
            client = self._clients[int(random() * LISTENERS)]
            answer = f'"body_bytes":{int(random() * 60_000)},"range":"","content_range":""'
            asked = f'"path":"{_page(random)}","status":"{status}",'
            yield at + took, f"{_begun(at, took)}{client}{asked}{answer}"


def _client(n: int) -> str:
    country, continent = PLACES[n % len(PLACES)]
    agent = n % AGENTS
    return (
        f'"user_agent":"{PROGRAMS[agent % len(PROGRAMS)]} CFNetwork/1498.{agent} (r{agent:04d})",'
        f'"client_ip":"10.{n >> 16}.{n >> 8 & 255}.{n & 255}","country":"{country}",'
        f'"continent":"{continent}","pop":"{POPS[n % len(POPS)]}",'
        f'"cache":"{STATES[n // 7 % len(STATES)]}","referer":"{REFERERS[n % len(REFERERS)]}",'
        f'"rtt_us":{8_000 + n % 190_000},"retransmits":{n % 7 // 5 * n % 40},'
    )


def _page(random: Callable[[], float]) -> str:
    kind = random()
    if kind < 0.1:
        return f"/{SHOWS[int(random() * len(SHOWS))]}/feed"
    return f"/static/{int(random() * 2000)}/{'app.js' if kind < 0.5 else 'cover-art.jpg'}"


@cache
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _begun(at: float, took: float) -> str:
    second = int(at)
    return (
        f'{{"time":"{_second(second)}.{int((at - second) * 1000):03d}Z",'
        f'"elapsed_us":{int(took * 1e6)},"method":"GET","host":"cdn.example.com",'
    )


def _padded(text: str) -> bytes:
    text += ',"protocol":"HTTP/2","ipv6":false,"inner":false,"shield":0,"request_id":"'
    return f'{text}{"0" * (LINE - 3 - len(text))}"}}\n'.encode()


def write(file: Path, lines: int, hours: float, start: float) -> None:
    """Write the log to a file."""
    with file.open("wb") as out:
        out.writelines(Log(start, hours).lines(lines))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--start", default="2026-10-09T08:00")
    asked = parser.parse_args()
    start = datetime.fromisoformat(asked.start).replace(tzinfo=UTC).timestamp()
    if asked.file:
        write(asked.file, asked.lines, asked.hours, start)
    else:
        print(b"".join(Log(start, asked.hours).lines(3)).decode(), end="")


if __name__ == "__main__":
    main()
