"""Every PromQL query, asked of a real Prometheus with five weeks of history: none is empty.

The history has faults in it, so that panels that are empty in good times have something to show.
"""

import time
from collections.abc import Iterator

import pytest

from tests.dashboards.generated import Asked, asked, dashboards, filled, variables
from tests.dashboards.history import Answers, history

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    with history(tmp_path_factory.mktemp("history"), int(time.time())) as answers:
        yield answers


def ask(prometheus: Answers, query: Asked) -> bool:
    start = str((prometheus.now - 3600) * 1000)
    expr = filled(query.text, __from=start, __to=str(prometheus.now * 1000))
    return prometheus.has_data(expr, instant=bool(query.target.get("instant")))


@pytest.mark.parametrize("uid", dashboards())
def test_no_query_is_empty(prometheus: Answers, uid: str) -> None:
    mine = [query for query in asked("prometheus") if query.dashboard == uid]
    assert mine
    assert [query.name for query in mine if not ask(prometheus, query)] == []


def test_a_query_of_what_nobody_has_is_empty(prometheus: Answers) -> None:
    assert not prometheus.has_data("podcast_nonsense_total", instant=False)


@pytest.mark.parametrize("uid", dashboards())
def test_a_choice_of_one_still_finds_data(prometheus: Answers, uid: str) -> None:
    chosen = {"podcast": "moraine", "service": "web", "host": "www.example", "alert": "SiteDown"}
    known = variables(dashboards()[uid])
    for query in asked("prometheus"):
        if query.dashboard == uid and query.panel != "annotations":
            values = {name: value for name, value in chosen.items() if name in known}
            start = str((prometheus.now - 3600) * 1000)
            expr = filled(query.text, __from=start, __to=start, **values)
            instant = bool(query.target.get("instant"))
            assert prometheus.has_data(expr, instant=instant), query.name
