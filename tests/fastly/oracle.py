"""Counting as slow and as plain as can be: what the fast way must agree with."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

Line = Mapping[str, Any]
DAY = timedelta(hours=24)


@dataclass(frozen=True)
class File:
    """An episode's file: its bytes, and how many of them make a download."""

    size: int
    needed: int


@dataclass
class Counts:
    """What the ledger should say of one show."""

    downloads: Counter[tuple[date, str]] = field(default_factory=Counter)
    hours: Counter[tuple[datetime, str]] = field(default_factory=Counter)
    countries: Counter[tuple[date, str]] = field(default_factory=Counter)
    apps: Counter[tuple[date, str]] = field(default_factory=Counter)
    tenths: Counter[tuple[str, int]] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    requests: Counter[tuple[datetime, str]] = field(default_factory=Counter)
    sent: Counter[tuple[datetime, str]] = field(default_factory=Counter)


def count(lines: Iterable[Line], files: Mapping[str, File], window: str = "calendar") -> Counts:
    """Count the lines of one show."""
    counts = Counts()
    people: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for line in lines:
        if line["inner"] or line["shield"]:
            continue
        episode, hour = _episode(line), _at(line).replace(minute=0, second=0, microsecond=0)
        counts.requests[hour, episode] += 1
        counts.sent[hour, episode] += 0 if line["status"] in (301, 404) else line["body_bytes"]
        outcome = _outcome(line)
        if outcome:
            counts.outcomes[outcome] += 1
        else:
            people[episode, _client(line), line["user_agent"]].append(line)
    for (episode, _, agent), requests in people.items():
        found = _calendar if window == "calendar" else _rolling
        downloads = found(requests, files[episode], window)
        counts.outcomes["counted"] += len(downloads)
        counts.outcomes["rest"] += len(requests) - len(downloads)
        for began, held in downloads:
            counts.downloads[began.date(), episode] += 1
            counts.hours[began.replace(minute=0, second=0, microsecond=0), episode] += 1
            counts.countries[began.date(), requests[0]["country"]] += 1
            counts.apps[began.date(), agent.partition("/")[0]] += 1
            for tenth in range(10):
                size = files[episode].size
                if held >= set(range(size * tenth // 10, size * (tenth + 1) // 10)):
                    counts.tenths[episode, tenth + 1] += 1
    return counts


def _outcome(line: Line) -> str | None:
    """What a request came to, or None for one that may be part of a download."""
    kind = line["user_agent"].partition("/")[0]
    if line["method"] == "HEAD":
        return "head"
    if line["status"] == 304:
        return "not_modified"
    if line["range"] == "bytes=0-1":
        return "probe"
    if kind in ("Bot", "Watch"):
        return str(kind.lower())
    if line["status"] in (301, 302, 307, 308):
        return "redirect"
    if line["status"] not in (200, 206) or line["method"] != "GET":
        return "error"
    return None


def _calendar(requests: list[Line], file: File, _: str) -> list[tuple[datetime, set[int]]]:
    """One download a day at most, which began with the first request of the day."""
    days: dict[date, list[Line]] = defaultdict(list)
    for line in requests:
        days[_at(line).date()].append(line)
    downloads = []
    for lines in days.values():
        held = set().union(*(_delivered(line) for line in lines))
        if len(held) >= file.needed:
            downloads.append((min(map(_at, lines)), held))
    return downloads


def _rolling(requests: list[Line], file: File, window: str) -> list[tuple[datetime, set[int]]]:
    """A window begins with the request that makes a minute of those of the last 24 hours."""
    downloads: list[tuple[datetime, set[int]]] = []
    ends: datetime | None = None
    pending: list[tuple[datetime, set[int]]] = []
    for line in sorted(requests, key=_at):
        at, bytes_ = _at(line), _delivered(line)
        if ends is not None and at < ends:
            if downloads[-1][0].date() == at.date():  # tenths are those of the window's first day
                downloads[-1][1].update(bytes_)
            if window == "last-touch":
                ends = at + DAY
            continue
        pending = [each for each in pending if each[0] > at - DAY] + [(at, bytes_)]
        held = set().union(*(each for _, each in pending))
        if len(held) >= file.needed:
            downloads.append((at, held))
            pending, ends = [], at + DAY
    return downloads


def _delivered(line: Line) -> set[int]:
    low = 0
    if line["status"] == 206:
        low = int(line["content_range"].removeprefix("bytes ").partition("-")[0])
    return set(range(low, low + line["body_bytes"]))


def _client(line: Line) -> str:
    address = ip_address(line["client_ip"])
    if address.version == 6:
        return str(ip_network(f"{address}/64", strict=False))
    return str(address)


def _episode(line: Line) -> str:
    return str(line["path"].split("/")[3])


def _at(line: Line) -> datetime:
    return datetime.fromisoformat(line["time"]).astimezone(UTC)
