"""Every LogQL query, of panels and of their links to Explore, parses and names what there is."""

import json
import os
import re
import urllib.parse
from urllib.parse import parse_qs, urlsplit

import pytest

from exporters.fastly.requests.model import Request
from tests.alerts.rules import rules
from tests.dashboards.generated import VARIABLE, asked, dashboards, filled, panels
from tests.dashboards.logql import Malformed, labels_of
from tests.e2e.processes import get

REQUESTS = {"level", "why", *Request._fields}
"""Structured metadata of the CDN's lines; that of others has a level."""


def known(query: str) -> set[str]:
    return REQUESTS if '{service="cdn"}' in query else {"level"}


def with_variables(text: str) -> str:
    """Fill a query's variables but for the windows, which are checked as they stand."""
    kept = {"__auto": "$__auto", "__range": "$__range"}
    return filled(text, **kept)


def explored() -> dict[str, str]:
    """Return the LogQL of every panel's link to Explore by the panel's name."""
    return {
        f"{uid}/{panel['title']}": lines_of(link["url"], "logs")
        for uid, dashboard in dashboards().items()
        for panel in panels(dashboard)
        for link in panel.get("links", [])
    }


def lines_of(url: str, pane: str) -> str:
    """Return the LogQL of a link to Explore."""
    [panes] = parse_qs(urlsplit(VARIABLE.sub("x", url)).query)["panes"]
    [query] = json.loads(panes)[pane]["queries"]
    return str(query["expr"])


def test_every_query_of_a_panel_parses() -> None:
    queries = asked("loki")
    assert queries
    for query in queries:
        assert labels_of(with_variables(query.text)) <= known(query.text), query.name


def test_every_link_to_logs_parses() -> None:
    for name, expr in explored().items():
        assert labels_of(expr) <= known(expr), name


def test_every_link_of_an_alert_to_logs_parses() -> None:
    for alert in rules("alert"):
        url = re.sub(r"{{.*?}}", "x", alert["annotations"]["logs_url"])
        expr = lines_of(url, "a")
        assert labels_of(expr) <= known(expr), alert["alert"]


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
