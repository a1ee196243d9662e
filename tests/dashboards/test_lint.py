"""The rules of good dashboards, over the JSON that is committed."""

import re
from collections.abc import Iterator
from itertools import combinations

from dashboards.lib import PREFIX, Unit
from tests.dashboards.generated import (
    EACH,
    SCAFFOLDED,
    VARIABLE,
    Json,
    dashboards,
    panels,
    shown,
    variables,
)

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
