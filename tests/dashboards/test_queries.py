"""What the PromQL of the dashboards may ask, and that all that is served is asked for."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboards import promql
from tests.dashboards.catalogue import by_series, ours
from tests.dashboards.generated import (
    EACH,
    SCAFFOLDED,
    Asked,
    Json,
    as_parsed,
    asked,
    dashboards,
    filled,
    variables,
)
from tests.programs import program

PROMQL = asked("prometheus")


EACH_UID = pytest.mark.parametrize("uid", dashboards())


FIXED_WINDOWS = {"[10m]", "[15m]", "[1h]", "[2h]", "[6h]", "[1d]", "[$__range]", "[$__range:1m]"}
"""Windows that a title names, or that a comparison of weeks has to keep."""


OURS = ("nearfield_", "podcast_", "cdn_", "container_", "deploy_", "log_")


def of(uid: str) -> Iterator[Asked]:
    return (query for query in PROMQL if query.dashboard == uid)


@EACH_UID
def test_windows_of_counters_follow_the_resolution_or_are_named(uid: str) -> None:
    for query in of(uid):
        for selector in promql.parse(as_parsed(query.text)).selectors:
            if selector.range and selector.range != "[RATE]":
                named = selector.range.replace("RANGE", "$__range")
                assert named in FIXED_WINDOWS, query.text


@EACH_UID
def test_counters_are_seen_by_their_growth(uid: str) -> None:
    for query in of(uid):
        growth = {"rate", "increase", "irate"}
        for selector in promql.parse(as_parsed(query.text)).selectors:
            family = by_series().get(selector.metric)
            counter = selector.metric.endswith("_total") or (family and family.type == "histogram")
            if counter:
                assert growth & set(selector.functions), query.text


@EACH_UID
def test_every_metric_and_label_is_served_by_somebody(uid: str) -> None:
    for query in of(uid):
        parsed = promql.parse(as_parsed(query.text))
        labels = {"job", "instance", "le"}
        for selector in parsed.selectors:
            assert selector.metric in by_series(), f"nobody serves {selector.metric}"
            family = by_series()[selector.metric]
            labels |= set(family.labels)
            unknown = {name for name, _, _ in selector.matchers} - set(family.labels)
            assert unknown <= {"job", "instance", "le"}, selector
        assert parsed.grouping <= labels, query.text
        legend = set(re.findall(r"\{\{(\w+)\}\}", str(query.target.get("legendFormat", ""))))
        assert legend <= (parsed.grouping or labels) | {"instance"}, query.text


@EACH_UID
def test_job_and_instance_are_asked_for_where_they_mean_something(uid: str) -> None:
    for query in of(uid):
        if query.dashboard not in SCAFFOLDED or query.panel == "annotations":
            continue
        for selector in promql.parse(as_parsed(query.text)).selectors:
            assert {"job", "instance"} <= {name for name, _, _ in selector.matchers}, selector


@EACH
def test_variables_ask_for_metrics_and_labels_that_are_served(dashboard: Json) -> None:
    for each in variables(dashboard).values():
        if each["type"] != "query" or each["datasource"]["type"] != "prometheus":
            continue
        asked_for = re.fullmatch(r"label_values\((.+), (\w+)\)", each["query"]["query"])
        assert asked_for, each["query"]
        for selector in promql.parse(filled(asked_for[1])).selectors:
            if selector.metric:
                assert asked_for[2] in {*by_series()[selector.metric].labels, "job", "instance"}


def test_every_family_of_ours_is_shown_somewhere() -> None:
    used = {
        by_series()[selector.metric].name
        for query in PROMQL
        for selector in promql.parse(as_parsed(query.text)).selectors
        if selector.metric in by_series()
    }
    mine = {name for name in ours() if name.startswith(OURS)}
    assert sorted(mine - used) == []


def test_prometheus_own_tool_parses_every_query(tmp_path: Path) -> None:
    rules = []
    for number, query in enumerate(PROMQL):
        expr = filled(query.text, __from="0", __to="0").replace("\n", " ")
        rules.append(f"      - record: dashboards:query:{number}\n        expr: '{expr}'\n")
        assert "'" not in expr
    file = tmp_path / "rules.yml"
    file.write_text("groups:\n  - name: dashboards\n    rules:\n" + "".join(rules))
    done = subprocess.run(
        [program("promtool", package="prometheus"), "check", "rules", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"{len(PROMQL)} rules found" in done.stdout
