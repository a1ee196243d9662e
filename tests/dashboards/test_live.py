"""The demo serves what the dashboards ask for, and its Prometheus answers them with data."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from time import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.dashboards import promql
from tests.dashboards.catalogue import ours
from tests.dashboards.generated import Asked, as_parsed, asked, filled
from tests.dashboards.history import Answers
from tests.e2e.processes import get, until
from tests.programs import program

pytestmark = [pytest.mark.soak, pytest.mark.long]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The addresses of a demo that has simulated listeners: `Nearfield` and `Prometheus`."""
    program("prometheus", package="prometheus")
    folder = tmp_path_factory.mktemp("demo")
    process = subprocess.Popen(
        [sys.executable, "-m", "exporters", "demo", "--data-dir", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C ends all of it" in line:
                break
        yield dict(re.findall(r"(\w+) +(http://\S+)/", "".join(lines)))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


@pytest.fixture(scope="module")
def live(demo: dict[str, str]) -> str:
    """The text of /metrics, once downloads have been counted."""
    page = f"{demo['Nearfield']}/metrics"
    until(
        lambda: re.search(r"^podcast_downloads_total\{", get(page)[1], re.MULTILINE),
        "downloads",
        180,
    )
    return get(page)[1]


def test_what_is_served_has_the_labels_that_are_known(live: str) -> None:
    families = list(text_string_to_metric_families(live))
    assert len(families) > 20
    for family in families:
        name = family.name + {"counter": "_total"}.get(family.type, "")
        served = ours().get(name) or ours().get(family.name)
        if not served:
            assert name.startswith(("process_", "python_")), f"{name} is not in the catalogue"
            continue
        for sample in family.samples:
            assert set(sample.labels) - {"le"} <= set(served.labels), sample


def of_the_past(query: Asked) -> bool:
    """Whether a query looks at weeks, or at a publication, that a young demo does not have."""
    return " offset " in query.text or query.name.endswith("annotations/Episodes")


def test_every_query_of_what_the_demo_serves_finds_data(demo: dict[str, str], live: str) -> None:
    served = set(re.findall(r"^(\w+)[{ ]", live, re.MULTILINE)) | {"up", "scrape_duration_seconds"}
    mine = [query for query in asked("prometheus") if not of_the_past(query)]
    mine = [query for query in mine if metrics(query) <= served]
    assert len(mine) > 60
    empty = list(mine)

    def all_have_data() -> bool:
        answers = Answers(demo["Prometheus"], int(time()))
        empty[:] = [query for query in empty if not has_data(answers, query)]
        return not empty

    try:
        until(all_have_data, "every query has data", 240)
    except AssertionError:
        pytest.fail(f"empty: {', '.join(query.name for query in empty)}")


def metrics(query: Asked) -> set[str]:
    return {selector.metric for selector in promql.parse(as_parsed(query.text)).selectors}


def has_data(answers: Answers, query: Asked) -> bool:
    """Ask as Grafana would that scrapes each 5 s: its rates look back 20 s and more."""
    start, end = str((answers.now - 600) * 1000), str(answers.now * 1000)
    expr = filled(query.text, __from=start, __to=end, __rate_interval="1m")
    return answers.has_data(expr, instant=bool(query.target.get("instant")))
