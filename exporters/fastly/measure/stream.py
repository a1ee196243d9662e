"""Sums for `cdn_*`: from the raw values of all lines to bounded labels."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from exporters.fastly.measure.hosts import FIRST, Hosts
from exporters.fastly.measure.model import Histogram, Labels, Stream
from exporters.fastly.measure.workspace import Workspace, statement

DURATION_BUCKETS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0),
)
"""Seconds: from a cache hit to an episode over a slow telephone."""
SPEED_BUCKETS = tuple(float(1 << n) for n in range(13, 28))
"""Bytes a second: 8 KiB, slower than most audio plays, to 128 MiB."""
SPEED_BYTES = 65536
"""Bytes that a request must have delivered to tell anything of speed."""

_PROTOCOL_LABELS = "host, protocol_of(protocol), CASE WHEN is_ipv6 THEN '6' ELSE '4' END"
_ERROR_LABELS = 'host, pop_of(pop), error_of("error")'
_CODE = "(SELECT code FROM countries WHERE spelling = upper(trim(country)))"

# GROUPING_ID of the groupings in sums.sql.
_STATUS, _BUCKET, _CLIENT, _ENDED = 0b0111, 0b1011, 0b1101, 0b1110


def bucket_of(value: str, bounds: Sequence[float]) -> str:
    """Return the expression for the first bucket whose bound a value does not pass."""
    cases = " ".join(f"WHEN {value} <= {bound:.0f} THEN {n}" for n, bound in enumerate(bounds))
    return f"CASE {cases} ELSE {len(bounds)} END"


def stream(workspace: Workspace, hosts: Hosts) -> Stream:
    """Return what the lines add to `cdn_*`. Reads the tables `taken` and `audio`."""
    workspace.run(statement("sums"))
    _admit(workspace, hosts)
    answers = _sums(workspace, _STATUS, "host, pop_of(pop), status::VARCHAR, cache_of(cache)")
    sizes: dict[Labels, int] = defaultdict(int)
    for host, pop, _, state, _, sent in answers:
        sizes[host, pop, state] += sent
    return Stream(
        requests=_counts(answers),
        response_bytes=list(sizes.items()),
        durations=_durations(workspace),
        protocols=_counts(_sums(workspace, _CLIENT, _PROTOCOL_LABELS)),
        countries=_counts(_sums(workspace, _CLIENT, f"host, coalesce({_CODE}, '')")),
        errors=_counts(row for row in _sums(workspace, _STATUS, _ERROR_LABELS) if row[2]),
        speeds=_speeds(workspace),
        ended={second: n for second, n, _ in _sums(workspace, _ENDED, "ended")},
    )


def _admit(workspace: Workspace, hosts: Hosts) -> None:
    successful = workspace.rows(
        "SELECT lower(host) FROM sums WHERE grouping = $status"
        " AND status BETWEEN 200 AND 299 AND host NOT IN ('', '(null)')"
        " GROUP BY lower(host) ORDER BY sum(requests) DESC, lower(host) LIMIT $limit",
        {"status": _STATUS, "limit": FIRST},
    )
    hosts.admit(host for (host,) in successful)
    workspace.table("admitted", {"host": "VARCHAR"}, [(host,) for host in hosts.admitted])
    workspace.run(statement("folded"))


def _sums(workspace: Workspace, grouping: int, labels: str) -> list[Any]:
    """Return rows of labels, then requests, then bytes."""
    return workspace.rows(
        f"SELECT {labels}, sum(requests)::BIGINT, sum(bytes)::BIGINT FROM folded"  # noqa: S608
        " WHERE grouping = $grouping GROUP BY ALL",
        {"grouping": grouping},
    )


def _counts(rows: Iterable[Sequence[Any]]) -> list[tuple[Labels, int]]:
    return [(tuple(labels), requests) for *labels, requests, _ in rows]


def _durations(workspace: Workspace) -> list[Histogram]:
    rows = workspace.rows(
        "SELECT host, cache_of(cache), bucket, sum(requests)::BIGINT, sum(took_us) / 1e6"
        " FROM folded WHERE grouping = $grouping AND bucket IS NOT NULL GROUP BY ALL",
        {"grouping": _BUCKET},
    )
    return _histograms(rows, len(DURATION_BUCKETS))


def _speeds(workspace: Workspace) -> list[Histogram]:
    rows = workspace.rows(statement("speeds").format(bucket=bucket_of("speed", SPEED_BUCKETS)))
    return _histograms(rows, len(SPEED_BUCKETS))


def _histograms(rows: Iterable[Sequence[Any]], bounds: int) -> list[Histogram]:
    """Make histograms of rows of labels, bucket, observations, and their sum."""
    counts: dict[Labels, list[int]] = defaultdict(lambda: [0] * (bounds + 1))
    totals: dict[Labels, float] = defaultdict(float)
    for *labels, bucket, observations, total in rows:
        counts[tuple(labels)][bucket] += observations
        totals[tuple(labels)] += total
    return [Histogram(labels, count, totals[labels]) for labels, count in counts.items()]
