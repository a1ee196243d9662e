"""Sums for `cdn_*`: from the raw values of all lines to bounded labels."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from exporters.fastly.measure.hosts import Hosts
from exporters.fastly.measure.labels import (
    UNSET,
    cache_of,
    continent_of,
    country_of,
    error_of,
    pop_of,
    protocol_of,
)
from exporters.fastly.measure.model import Histogram, Labels, Stream
from exporters.fastly.measure.workspace import Workspace, statement

DURATION_BUCKETS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0),
)
"""Seconds: from a cache hit to an episode over a slow telephone."""
SPEED_BUCKETS = tuple(float(1 << n) for n in range(13, 28))
"""Bytes a second: 8 KiB, slower than most audio plays, to 128 MiB."""
ROUND_TRIP_BUCKETS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075),
    *(0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0),
)
"""Seconds: from a neighbour of the CDN to a telephone at the edge of its network."""
RETRANSMIT_BUCKETS = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
"""Packets: none at all has a bucket of its own; an episode is some 30,000."""

# GROUPING_ID of the groupings in sums.sql.
_ANSWER, _DURATION, _CLIENT, _ENDED = 0b0111, 0b1011, 0b1101, 0b1110


def bucket_of(value: str, bounds: Sequence[float], first: int = 0) -> str:
    """Return the expression for the first bucket whose bound a value, not NULL, does not pass.

    It halves the bounds until one is left: to look at one after the other takes ten times as long.
    Buckets are numbered from `first`.
    """
    if not bounds:
        return f"{first}::UTINYINT"
    half = len(bounds) // 2
    above = bucket_of(value, bounds[half + 1 :], first + half + 1)
    below = bucket_of(value, bounds[:half], first)
    return f"CASE WHEN {value} > {bounds[half]:.0f} THEN {above} ELSE {below} END"


def stream(workspace: Workspace, hosts: Hosts) -> Stream:
    """Return what the lines add to `cdn_*`. Reads the tables `taken` and `audio`."""
    groups: dict[int, list[Any]] = defaultdict(list)
    for grouping, *row in workspace.rows(statement("sums")):
        groups[grouping].append(row)
    admit(hosts, ((row[0], row[2], row[-3]) for row in groups[_ANSWER]))
    requests: Counter[Labels] = Counter()
    sizes: Counter[Labels] = Counter()
    errors: Counter[Labels] = Counter()
    for host, pop, status, state, error, *_, n, sent, _ in groups[_ANSWER]:
        here, place, cached = hosts.label(host), pop_of(pop), cache_of(state)
        requests[here, place, str(status), cached] += n
        sizes[here, place, cached] += sent
        if error is not None and (reason := error_of(error)):
            errors[here, place, reason] += n
    protocols: Counter[Labels] = Counter()
    countries: Counter[Labels] = Counter()
    for host, *_, protocol, is_ipv6, country, _, n, _, _ in groups[_CLIENT]:
        here = hosts.label(host)
        protocols[here, protocol_of(protocol), "6" if is_ipv6 else "4"] += n
        countries[here, country_of(country)] += n
    delivery = _delivery(workspace)
    return Stream(
        requests=list(requests.items()),
        response_bytes=list(sizes.items()),
        durations=_durations(groups[_DURATION], hosts),
        protocols=list(protocols.items()),
        countries=list(countries.items()),
        errors=list(errors.items()),
        speeds=delivery["speed"],
        round_trips=delivery["round_trip"],
        retransmits=delivery["retransmits"],
        ended={row[-4]: row[-3] for row in groups[_ENDED]},
    )


def admit(hosts: Hosts, rows: Iterable[tuple[str | None, int, int]]) -> None:
    """Take the hosts of rows of host, status and requests that answered with success."""
    successful: Counter[str] = Counter()
    for host, status, requests in rows:
        if host is not None and host not in UNSET and 200 <= status < 300:
            successful[host.lower()] += requests
    hosts.admit(
        host for host, _ in sorted(successful.items(), key=lambda each: (-each[1], each[0]))
    )


def _durations(rows: Iterable[Sequence[Any]], hosts: Hosts) -> list[Histogram]:
    return _histograms(
        (
            ((hosts.label(row[0]), cache_of(row[3])), row[5], row[-3], row[-1] / 1e6)
            for row in rows
            if row[5] is not None
        ),
        len(DURATION_BUCKETS),
    )


def _delivery(workspace: Workspace) -> dict[str, list[Histogram]]:
    """Return the histograms of how audio got to listeners, by what they are of."""
    bounds = {
        "speed": SPEED_BUCKETS,
        "round_trip": ROUND_TRIP_BUCKETS,
        "retransmits": RETRANSMIT_BUCKETS,
    }
    question = statement("delivery").format(
        speed=bucket_of("speed", SPEED_BUCKETS),
        round_trip=bucket_of("rtt_us", [bound * 1e6 for bound in ROUND_TRIP_BUCKETS]),
        retransmits=bucket_of("retransmits", RETRANSMIT_BUCKETS),
    )
    rows: dict[str, list[Any]] = defaultdict(list)
    for what, continent, country, *rest in workspace.rows(question):
        rows[what].append(((continent_of(continent, country),), *rest))
    return {what: _histograms(rows[what], len(each)) for what, each in bounds.items()}


def _histograms(rows: Iterable[Sequence[Any]], bounds: int) -> list[Histogram]:
    """Make histograms of labels, bucket, observations, and their sum."""
    counts: dict[Labels, list[int]] = defaultdict(lambda: [0] * (bounds + 1))
    totals: dict[Labels, float] = defaultdict(float)
    for labels, bucket, observations, total in rows:
        counts[labels][bucket] += observations
        totals[labels] += total
    return [Histogram(labels, count, totals[labels]) for labels, count in counts.items()]
