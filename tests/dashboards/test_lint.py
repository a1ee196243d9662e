"""The rules of good dashboards, over the JSON that is committed."""

import dataclasses
import json
import re
import subprocess
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboards.lib import PREFIX, Unit
from tests.dashboards import promql
from tests.dashboards.catalogue import NOT_SERVED_YET, by_series, ours
from tests.dashboards.generated import (
    VARIABLE,
    Asked,
    Json,
    asked,
    dashboards,
    filled,
    panels,
    variables,
)
from tests.programs import program

EACH = pytest.mark.parametrize("dashboard", dashboards().values(), ids=dashboards().keys())
PROMQL = asked("prometheus")
EACH_UID = pytest.mark.parametrize("uid", dashboards())
SCAFFOLDED = {"nearfield-host", "nearfield-app", "nearfield-nearfield"}
"""Where job and instance mean something."""
PANELS = {
    "timeseries",
    "stat",
    "table",
    "bargauge",
    "barchart",
    "heatmap",
    "state-timeline",
    "logs",
    "text",
}
"""None of Angular's, which Grafana 12 removed; all known to Grafana 9.4."""
FIXED_WINDOWS = {"[10m]", "[15m]", "[1h]", "[2h]", "[6h]", "[1d]", "[$__range]", "[$__range:1m]"}
"""Windows that a title names, or that a comparison of weeks has to keep."""
TOTALS_WITHOUT_RATE = {"fastly_rt_realtime_api_requests_total"}
NOT_SHOWN: dict[str, str] = {}
"""Families that no dashboard shows, each with the reason."""
OURS = ("nearfield_", "podcast_", "cdn_", "container_", "deploy_", "log_")


def of(uid: str) -> Iterator[Asked]:
    return (query for query in PROMQL if query.dashboard == uid)


def shown(dashboard: Json) -> Iterator[Json]:
    return (panel for panel in panels(dashboard) if panel["type"] != "text")


@EACH
def test_the_head_is_as_grafana_wants_it(dashboard: Json) -> None:
    assert re.fullmatch(rf"{PREFIX}[a-z0-9-]{{1,30}}", dashboard["uid"])
    assert len(dashboard["uid"]) <= 40
    assert dashboard["id"] is None
    assert dashboard["version"] == 1
    assert dashboard["schemaVersion"] >= 39
    assert dashboard["editable"] is False
    assert dashboard["graphTooltip"] == 1
    assert dashboard["timezone"] == "browser"
    assert dashboard["refresh"] in {"", "30s", "1m", "5m"}
    assert dashboard["tags"] == ["nearfield"]
    assert dashboard["description"].endswith(".")


def test_there_are_twelve_with_titles_in_the_order_of_the_story() -> None:
    numbers = sorted(int(each["title"].split()[1].rstrip(":")) for each in dashboards().values())
    assert numbers == list(range(1, 13))


@EACH
def test_no_key_of_an_old_grafana_is_left(dashboard: Json) -> None:
    assert not {"rows", "style", "hideControls", "sharedCrosshair", "gnetId", "__inputs"} & set(
        dashboard
    )
    for panel in panels(dashboard, rows=True):
        dead = {"span", "minSpan", "editable", "error", "height", "maxDataPoints", "cacheTimeout"}
        assert not dead & set(panel), panel["title"]


@EACH
def test_each_panel_has_title_sentence_unit_words_and_targets(dashboard: Json) -> None:
    for panel in shown(dashboard):
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["title"]
        assert re.fullmatch(r"[A-Z0-9].*\.", panel["description"], re.DOTALL), panel["title"]
        assert defaults["unit"] in set(Unit), panel["title"]
        assert defaults["noValue"], panel["title"]
        assert panel["targets"], panel["title"]


@EACH
def test_no_title_is_there_twice(dashboard: Json) -> None:
    titles = [panel["title"] for panel in panels(dashboard)]
    assert len(titles) == len(set(titles))


@EACH
def test_panels_are_of_kinds_that_every_grafana_has(dashboard: Json) -> None:
    assert {panel["type"] for panel in panels(dashboard)} <= PANELS


@EACH
def test_ids_are_unique(dashboard: Json) -> None:
    ids = [panel["id"] for panel in panels(dashboard, rows=True)]
    assert len(ids) == len(set(ids))
    assert all(0 < each < 1_000_000 for each in ids)


@EACH
def test_panels_lie_on_the_grid_and_none_over_another(dashboard: Json) -> None:
    for group in [
        dashboard["panels"],
        *(p["panels"] for p in dashboard["panels"] if "panels" in p),
    ]:
        for panel in group:
            place = panel["gridPos"]
            assert place["x"] >= 0
            assert place["x"] + place["w"] <= 24
        for one, other in combinations([panel["gridPos"] for panel in group], 2):
            apart = (
                one["x"] + one["w"] <= other["x"]
                or other["x"] + other["w"] <= one["x"]
                or one["y"] + one["h"] <= other["y"]
                or other["y"] + other["h"] <= one["y"]
            )
            assert apart, (one, other)


@EACH
def test_no_line_of_panels_ends_before_the_edge(dashboard: Json) -> None:
    for group in [
        dashboard["panels"],
        *(p["panels"] for p in dashboard["panels"] if "panels" in p),
    ]:
        widths: dict[int, int] = {}
        for place in [panel["gridPos"] for panel in group]:
            widths[place["y"]] = widths.get(place["y"], 0) + place["w"]
        assert set(widths.values()) <= {24}


@EACH
def test_collapsed_rows_hold_their_panels_and_open_ones_none(dashboard: Json) -> None:
    rows = [panel for panel in dashboard["panels"] if panel["type"] == "row"]
    assert dashboard["panels"][0]["type"] == "row"
    for row in rows:
        assert bool(row["panels"]) is row["collapsed"], row["title"]


@EACH
def test_references_are_unique_and_sources_are_variables(dashboard: Json) -> None:
    names = set(variables(dashboard))
    for panel in shown(dashboard):
        refs = [target["refId"] for target in panel["targets"]]
        assert all(refs)
        assert len(refs) == len(set(refs)), panel["title"]
        for source in [panel["datasource"], *(t["datasource"] for t in panel["targets"])]:
            chosen = re.fullmatch(r"\$\{(\w+_datasource)\}", source["uid"])
            assert source["uid"] == "-- Mixed --" or (chosen and chosen[1] in names), panel["title"]


@EACH
def test_the_base_threshold_is_null(dashboard: Json) -> None:
    for panel in shown(dashboard):
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert steps[0]["value"] is None
        assert all(isinstance(step["value"], int | float) for step in steps[1:])


@EACH
def test_what_cannot_be_negative_begins_at_zero_and_shares_have_an_end(dashboard: Json) -> None:
    for panel in shown(dashboard):
        defaults = panel["fieldConfig"]["defaults"]
        if panel["type"] in {"timeseries", "bargauge"} and defaults["unit"] == "percentunit":
            assert defaults["min"] == 0, panel["title"]
            assert defaults["max"] >= 1, panel["title"]


@EACH
def test_graphs_have_legends_that_are_shown_and_series_that_are_named(dashboard: Json) -> None:
    for panel in shown(dashboard):
        if panel["type"] != "timeseries":
            continue
        assert panel["options"]["legend"]["showLegend"] is True
        assert panel["options"]["tooltip"]["mode"] == "multi"
        promql = [t for t in panel["targets"] if t["datasource"]["type"] == "prometheus"]
        if len(promql) > 1:
            assert all(t["legendFormat"] != "__auto" for t in promql), panel["title"]


def texts(dashboard: Json) -> Iterator[str]:
    """Every place in which a variable may be used, but links, which pass on all."""
    for panel in panels(dashboard):
        yield panel["title"]
        for target in panel["targets"]:
            yield str(target)
        yield str(panel.get("datasource"))
        yield str(panel.get("links", ""))
    for each in dashboard["annotations"]["list"]:
        yield str(each)
    for each in variables(dashboard).values():
        yield str(each["query"])
        yield str(each.get("datasource"))


@EACH
def test_every_variable_is_defined_and_used(dashboard: Json) -> None:
    used = {
        match[1] or match[2]
        for text in texts(dashboard)
        for match in VARIABLE.finditer(text)
        if not (match[1] or match[2]).startswith("__")
    }
    assert used == set(variables(dashboard))


@EACH
def test_variables_are_as_they_should_be(dashboard: Json) -> None:
    known = variables(dashboard)
    assert known["prometheus_datasource"]["label"] == "Prometheus data source"
    assert known["loki_datasource"]["label"] == "Loki data source"
    assert ({"job", "instance"} <= known.keys()) is (dashboard["uid"] in SCAFFOLDED)
    for name, each in known.items():
        if each["type"] == "query":
            assert each["refresh"] == 2, name
            assert each["regex"] is not None
            if each["includeAll"]:
                assert re.fullmatch(each["allValue"], "x"), name
        if name in {"job", "instance"}:
            assert each["multi"] is True
            assert each["allValue"] == ".+"
            assert each["label"] == name


@EACH
def test_annotations_tell_of_deploys_episodes_and_alerts(dashboard: Json) -> None:
    assert [each["name"] for each in dashboard["annotations"]["list"]] == [
        "Deploys",
        "Episodes",
        "Alerts",
    ]


@EACH
def test_the_suite_is_linked_with_time_and_variables(dashboard: Json) -> None:
    [link] = dashboard["links"]
    assert link["tags"] == ["nearfield"]
    assert link["keepTime"]
    assert link["includeVars"]


@EACH
def test_each_panel_opens_explore_with_metrics_left_and_logs_right(dashboard: Json) -> None:
    for panel in shown(dashboard):
        [link] = panel["links"]
        assert link["url"].startswith("/explore?schemaVersion=1")
        plain = VARIABLE.sub("x", link["url"])
        assert not re.search(r'[{}"|\s+<>]', plain), panel["title"]
        [panes] = parse_qs(urlsplit(filled_link(link["url"])).query)["panes"]
        read = json.loads(panes)
        assert list(read) == ["metrics", "logs"]
        for pane in read.values():
            assert pane["range"] == {"from": "1", "to": "2"}
            assert len(pane["queries"]) == 1
        assert read["logs"]["queries"][0]["expr"].startswith("{")


def filled_link(url: str) -> str:
    """Return a link as Grafana fills it where all is chosen, in the formats that it names."""
    values = {"__from": "1", "__to": "2", "job": ".%2B", "instance": ".%2B", "stack": ".*"}

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return values.get(name, "uid" if name.endswith("_datasource") else "..*")

    return VARIABLE.sub(value, url)


@EACH
def test_links_between_dashboards_lead_somewhere_and_keep_the_time(dashboard: Json) -> None:
    for panel in shown(dashboard):
        fields = panel["fieldConfig"]
        links = list(fields["defaults"]["links"])
        for override in fields["overrides"]:
            for each in override["properties"]:
                links += each["value"] if each["id"] == "links" else []
        for link in links:
            address = urlsplit(link["url"])
            target = address.path.removeprefix("/d/")
            assert target in dashboards(), link["url"]
            assert "${__url_time_range}" in link["url"] or "from=${" in link["url"]
            named = set(re.findall(r"var-(\w+)=", link["url"]))
            assert named <= set(variables(dashboards()[target])), link["url"]


@EACH
def test_links_pass_on_labels_that_the_series_have(dashboard: Json) -> None:
    for panel in shown(dashboard):
        links = str(panel["fieldConfig"]["defaults"]["links"])
        passed_on = set(re.findall(r"__field\.labels\.(\w+)", links))
        for target in panel["targets"] if passed_on else ():
            found = re.findall(r"\b(?:by|on) \(([^)]*)\)", target.get("expr", ""))
            kept = {name.strip() for group in found for name in group.split(",")}
            if not kept:
                for selector in promql.parse(as_parsed(target["expr"])).selectors:
                    whole = not {"sum", "max", "min", "count"} & set(selector.functions)
                    kept |= set(by_series()[selector.metric].labels if whole else ())
            assert passed_on <= kept, f"{panel['title']}: {passed_on - kept}"


@EACH
def test_links_of_tables_name_columns_that_there_are(dashboard: Json) -> None:
    for panel in shown(dashboard):
        overrides = panel["fieldConfig"]["overrides"]
        linked = [each for each in overrides if "links" in {p["id"] for p in each["properties"]}]
        asked_for = str([target.get("rawSql") or target["expr"] for target in panel["targets"]])
        renamed = str(panel.get("transformations", ""))
        for each in linked:
            named = set(re.findall(r"__data\.fields\.(\w+)", str(each["properties"])))
            for column in named | {each["matcher"]["options"]}:
                assert re.search(rf"\b{column}\b", asked_for + renamed), (
                    f"{panel['title']}: {column}"
                )


@EACH_UID
def test_windows_of_counters_follow_the_resolution_or_are_named(uid: str) -> None:
    for query in of(uid):
        for selector in promql.parse(as_parsed(query.text)).selectors:
            if selector.range and selector.range != "[RATE]":
                named = selector.range.replace("RANGE", "$__range")
                assert named in FIXED_WINDOWS, query.text


def as_parsed(text: str) -> str:
    """Return a query with its windows as words that a parser takes."""
    return filled(text, __rate_interval="RATE", __range="RANGE", __from="0", __to="0")


@EACH_UID
def test_counters_are_seen_by_their_growth(uid: str) -> None:
    for query in of(uid):
        growth = {"rate", "increase", "irate"}
        for selector in promql.parse(as_parsed(query.text)).selectors:
            family = by_series().get(selector.metric)
            counter = selector.metric.endswith("_total") or (family and family.type == "histogram")
            named_so = selector.metric in TOTALS_WITHOUT_RATE
            if counter and not named_so:
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
    assert sorted(mine - used - set(NOT_SHOWN)) == []
    assert sorted(set(NOT_SHOWN) & used) == [], "shown after all"


def test_what_is_listed_as_not_served_is_not() -> None:
    listed = {
        name
        for name, served in ours().items()
        if name in NOT_SERVED_YET and dataclasses.astuple(served)[1:3] != NOT_SERVED_YET[name]
    }
    assert not listed


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
