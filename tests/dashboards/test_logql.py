"""Every LogQL query, of panels and of their links to Explore, parses and names what there is."""

import json
import os
import urllib.parse
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.dashboards.generated import VARIABLE, asked, dashboards, filled, panels
from tests.dashboards.logql import Malformed, labels_of
from tests.e2e.processes import get

METADATA = {"level", "status", "path", "seconds"}
"""Structured metadata that lines have: `level` all, the others those of the CDN."""


def with_variables(text: str) -> str:
    """Fill a query's variables but for the windows, which are checked as they stand."""
    kept = {"__auto": "$__auto", "__range": "$__range"}
    return filled(text, **kept)


def explored() -> dict[str, str]:
    """Return the LogQL of every panel's link to Explore by the panel's name."""
    found = {}
    for uid, dashboard in dashboards().items():
        for panel in panels(dashboard):
            for link in panel.get("links", []):
                url = VARIABLE.sub("x", link["url"])
                [panes] = parse_qs(urlsplit(url).query)["panes"]
                [query] = json.loads(panes)["logs"]["queries"]
                found[f"{uid}/{panel['title']}"] = query["expr"]
    return found


def test_every_query_of_a_panel_parses() -> None:
    queries = asked("loki")
    assert queries
    for query in queries:
        assert labels_of(with_variables(query.text)) <= METADATA, query.name


def test_every_link_to_logs_parses() -> None:
    for name, expr in explored().items():
        assert labels_of(expr) <= METADATA, name


@pytest.mark.parametrize(
    "wrong",
    [
        '{service=~".*"}',
        '{level="error"}',
        '{service="a"',
        'rate({service="a"})',
        'rate({service="a"} [5 minutes])',
        'max_over_time({service="a"} [5m])',
        'sum by service (rate({service="a"} [5m]))',
        'topk(rate({service="a"} [5m]))',
        '{service="a"} | level',
        'speed({service="a"} [5m])',
    ],
)
def test_what_loki_would_refuse_is_refused(wrong: str) -> None:
    with pytest.raises(Malformed):
        labels_of(wrong)


@pytest.mark.skipif(not os.environ.get("NEARFIELD_TEST_LOKI_URL"), reason="no Loki is given")
def test_loki_itself_takes_every_query() -> None:
    base = os.environ.get("NEARFIELD_TEST_LOKI_URL", "").rstrip("/")
    for text in [*(query.text for query in asked("loki")), *explored().values()]:
        query = urllib.parse.urlencode({"query": filled(text), "limit": "1"})
        status, answer = get(f"{base}/loki/api/v1/query_range?{query}")
        assert status == 200, f"{text}: {answer}"
