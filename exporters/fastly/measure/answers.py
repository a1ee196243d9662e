"""Answers of the CDN by the hour in which they ended: the history of `cdn_requests_total`."""

from collections import Counter
from typing import TypeAlias

from exporters.fastly.measure.hosts import Hosts
from exporters.fastly.measure.labels import cache_of, pop_of
from exporters.fastly.measure.model import Labels
from exporters.fastly.measure.stream import admit
from exporters.fastly.measure.workspace import Workspace, statement

Answers: TypeAlias = tuple[int, Labels, int]
"""Hour since 1970; host, pop, status and cache; requests."""


def answers(workspace: Workspace, hosts: Hosts) -> list[Answers]:
    """Return the requests of the table `taken`; labels are those of `stream`."""
    rows = workspace.rows(statement("answers"))
    admit(hosts, ((host, status, n) for _, host, _, status, _, n in rows))
    found: Counter[tuple[int, Labels]] = Counter()
    for hour, host, pop, status, state, n in rows:
        found[hour, (hosts.label(host), pop_of(pop), str(status), cache_of(state))] += n
    return [(hour, labels, n) for (hour, labels), n in found.items()]
