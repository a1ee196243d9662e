"""What the lines add to the ledger: outcomes of requests, and what each listener got."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

from exporters.fastly.agents import Agent
from exporters.fastly.measure.touched import touched
from exporters.fastly.measure.workspace import Workspace, statement
from exporters.ledger.model import Facts, HourSum, Known, OutcomeSum, Reader

_SUBSCRIBERS = re.compile(r"([0-9]{1,8}) (?:subscriber|reader)")
_FEED_ID = re.compile(r"(?i:feed-?id|site)[:=/ ]*([0-9A-Za-z_-]{1,64})")


def facts(
    workspace: Workspace,
    texts: Sequence[str],
    agents: Sequence[Agent],
    known: Known,
    needed: Mapping[int, int],
) -> Facts:
    """Return what the table `audio` adds to the ledger.

    `texts` are the user agents and `agents` what they are; `needed` the bytes of a download by the
    episode's id.
    """
    rows = workspace.rows(statement("outcomes"))
    requests = [row for row in rows if row[3] not in ("feed", "none")]
    feeds = [row for row in rows if row[3] == "feed"]
    return Facts(
        touched=touched(workspace, texts, agents, known, needed),
        hours=_hours(requests),
        outcomes=_outcomes(requests),
        delivered=_delivered(requests),
        feeds=_feeds(feeds, agents),
        readers=_readers(feeds, texts, agents),
    )


def _hours(rows: Sequence[Any]) -> list[HourSum]:
    requests: Counter[tuple[int, int]] = Counter()
    sent: Counter[tuple[int, int]] = Counter()
    for hour, _, episode, _, _, _, n, size, _ in rows:
        if episode is not None:
            requests[hour, episode] += n
            sent[hour, episode] += size
    return [
        HourSum(_moment(h), episode, n, sent[h, episode]) for (h, episode), n in requests.items()
    ]


def _outcomes(rows: Sequence[Any]) -> list[OutcomeSum]:
    """Sum what cannot be part of a download.

    Where a path of a show never was an episode nobody can be said to have listened, though the
    answer was a success.
    """
    requests: Counter[tuple[int, str, Any]] = Counter()
    alive: Counter[tuple[int, str, Any]] = Counter()
    for hour, podcast, episode, outcome, live, _, n, _, _ in rows:
        if outcome != "valid" or episode is None:
            key = (hour, podcast, "incomplete" if outcome == "valid" else outcome)
            requests[key] += n
            alive[key] += n if live else 0
    return [
        OutcomeSum(_moment(hour), podcast, outcome, n, alive[hour, podcast, outcome])
        for (hour, podcast, outcome), n in requests.items()
    ]


def _delivered(rows: Sequence[Any]) -> dict[str, int]:
    sent: Counter[str] = Counter()
    for _, podcast, _, _, live, _, _, size, _ in rows:
        if live:
            sent[podcast] += size
    return sent


def _feeds(rows: Sequence[Any], agents: Sequence[Agent]) -> dict[tuple[str, str], int]:
    requests: Counter[tuple[str, str]] = Counter()
    for _, podcast, _, _, live, agent, n, _, _ in rows:
        if live:
            requests[podcast, agents[agent].app] += n
    return requests


def _readers(rows: Sequence[Any], texts: Sequence[str], agents: Sequence[Agent]) -> list[Reader]:
    """Return readers that fetch once for many."""
    telling = {
        agent: found for agent in {row[5] for row in rows} if (found := _reader(texts[agent]))
    }
    readers: dict[tuple[str, str, str], tuple[int, int]] = {}
    for _, podcast, _, _, _, agent, _, _, last_at in rows:
        if agent in telling:
            name, subscribers = telling[agent]
            key = (podcast, agents[agent].app, name)
            before = readers.get(key, (0, 0))
            readers[key] = (max(before[0], subscribers), max(before[1], last_at))
    return [
        Reader(*key, subscribers, _moment(last_at))
        for key, (subscribers, last_at) in readers.items()
        if subscribers
    ]


def _reader(agent: str) -> tuple[str, int] | None:
    """Return what tells a reader from others, and its subscribers; None if it tells no number.

    One is told from another by its user agent without numbers (its version changes), and by the id
    that it gives the feed.
    """
    found = _SUBSCRIBERS.search(agent)
    if not found:
        return None
    feed_id = _FEED_ID.search(agent)
    who = f"{re.sub('[0-9]+', '', agent)}#{feed_id[1] if feed_id else ''}"
    return md5(who.encode(), usedforsecurity=False).hexdigest(), int(found[1])


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
