"""The house library: each trap of grafanalib 0.7.1 by its name, and how it is mended."""

import pytest
from grafanalib import core

from dashboards.lib import (
    LEDGER,
    LOKI,
    PROMETHEUS,
    Dashboard,
    Loki,
    Panel,
    Postgres,
    Prometheus,
    Unit,
    bar_gauge,
    choice,
    heatmap,
    labels,
    panel_id,
    row,
    stat,
    steps,
    table,
    timeseries,
    to_dashboard,
)
from tests.dashboards.generated import Json, panels

UP = Prometheus("up")


def graph(key: str = "graph", *targets: Prometheus, **more: object) -> Panel:
    asked = targets or (UP,)
    return timeseries(key, key, "A graph.", *asked, unit=Unit.COUNT, **more)  # type: ignore[arg-type]


def board(*inside: Panel, uid: str = "nearfield-test", collapsed: bool = False) -> Json:
    rows = [row("Row", *inside, collapsed=collapsed)]
    return Dashboard(uid=uid, title="Test", description="A test.", rows=rows).to_json_data()


def first(*inside: Panel) -> Json:
    return next(panels(board(*inside)))


def test_grafanalib_still_has_the_traps_that_are_mended_here() -> None:
    theirs = core.TimeSeries(title="x", targets=[core.Target(expr="up")]).to_json_data()
    assert theirs["maxDataPoints"] == 100
    assert theirs["targets"][0].to_json_data()["intervalFactor"] == 2
    assert theirs["targets"][0].to_json_data()["refId"] == ""
    assert core.Dashboard(title="x").to_json_data()["schemaVersion"] == 12
    assert core.Threshold("green", 0, 0.0).to_json_data()["value"] == "null"
    assert core.Stat(title="x").to_json_data()["fieldConfig"]["defaults"]["noValue"] == "none"
    with pytest.raises(TypeError):
        core.TimeSeries(title="x", valueMin=0.5)


def test_the_schema_is_a_new_one() -> None:
    assert board(graph())["schemaVersion"] == 39


def test_lines_are_as_fine_as_the_screen() -> None:
    assert "maxDataPoints" not in first(graph())


def test_a_target_has_what_its_source_reads_and_nothing_else() -> None:
    [target] = first(graph())["targets"]
    assert set(target) == {
        "datasource", "editorMode", "expr", "format", "instant", "legendFormat", "range", "refId",
    }  # fmt: skip
    [target] = first(graph("lines", Loki("{a='b'}")))["targets"]  # type: ignore[arg-type]
    assert set(target) == {"datasource", "editorMode", "expr", "queryType", "refId"}
    [target] = first(graph("sql", Postgres(" SELECT 1 ")))["targets"]  # type: ignore[arg-type]
    assert target["rawSql"] == "SELECT 1"


def test_targets_are_told_apart() -> None:
    assert [t["refId"] for t in first(graph("two", UP, UP))["targets"]] == ["A", "B"]


def test_an_id_stays_when_a_panel_is_put_before_it() -> None:
    ids = {p["title"]: p["id"] for p in panels(board(graph("a"), graph("b")))}
    more = {p["title"]: p["id"] for p in panels(board(graph("new"), graph("a"), graph("b")))}
    assert {key: more[key] for key in ids} == ids
    assert ids["a"] == panel_id("nearfield-test", "a")


def test_ids_never_change_with_a_release() -> None:
    # Old messages link to panels by these numbers.
    assert panel_id("nearfield-now", "downloads-weeks") == 52034


def test_two_panels_of_one_key_are_refused() -> None:
    with pytest.raises(ValueError, match="one id"):
        board(graph("a"), graph("a"))


@pytest.mark.parametrize(
    "uid", ["other-now", "nearfield-", "nearfield-Now", "nearfield-" + "x" * 31]
)
def test_a_uid_that_grafana_or_we_refuse_is_refused(uid: str) -> None:
    with pytest.raises(ValueError, match="nearfield-"):
        board(graph(), uid=uid)


def test_the_base_of_thresholds_is_null_and_they_rise() -> None:
    assert steps("green", (0.5, "red"))[0] == {"color": "green", "value": None}
    with pytest.raises(ValueError, match="rise"):
        steps("green", (2, "red"), (1, "orange"))


def test_defaults_are_those_of_good_practice() -> None:
    dashboard = board(graph())
    assert dashboard["refresh"] == "1m"
    assert dashboard["timezone"] == "browser"
    assert dashboard["editable"] is False
    assert dashboard["graphTooltip"] == 1


def test_sources_are_named_by_the_uid_of_a_variable() -> None:
    assert first(graph())["datasource"] == PROMETHEUS.reference
    mixed = first(graph("both", UP, Loki("{a='b'}")))  # type: ignore[arg-type]
    assert mixed["datasource"]["uid"] == "-- Mixed --"
    assert [t["datasource"] for t in mixed["targets"]] == [PROMETHEUS.reference, LOKI.reference]


def test_the_ledger_is_chosen_only_where_it_is_asked() -> None:
    def chosen(panel: Panel) -> set[str]:
        return {each["name"] for each in board(panel)["templating"]["list"]}

    assert LEDGER.variable not in chosen(graph())
    assert LEDGER.variable in chosen(graph("sql", Postgres("SELECT 1")))  # type: ignore[arg-type]


def test_a_collapsed_row_holds_its_panels() -> None:
    [header] = board(graph(), collapsed=True)["panels"]
    assert [p["title"] for p in header["panels"]] == ["graph"]
    header, panel = board(graph())["panels"]
    assert header["panels"] == []
    assert panel["gridPos"]["y"] == 1


def test_the_grid_breaks_lines_and_leaves_no_gap() -> None:
    placed = list(panels(board(*(graph(str(n), width=10, height=4 + n) for n in range(3)))))
    assert [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in placed] == [(0, 1), (10, 1), (0, 6)]
    assert [p["gridPos"]["h"] for p in placed] == [5, 5, 6]


def test_a_stat_shows_the_last_value_and_words_for_none() -> None:
    panel = first(stat("s", "S", "A number.", UP, unit=Unit.COUNT))
    assert panel["options"]["reduceOptions"]["calcs"] == ["lastNotNull"]
    assert panel["fieldConfig"]["defaults"]["noValue"] == "no data"


def test_a_table_has_its_cells_and_mappings_where_grafana_reads_them() -> None:
    panel = first(table("t", "T", "A table.", UP))
    assert not {"mappings", "color", "columns", "fontSize"} & set(panel)
    custom = panel["fieldConfig"]["defaults"]["custom"]
    assert custom["cellOptions"] == {"type": "auto"}
    assert "displayMode" not in custom


def test_bar_gauges_and_heatmaps_are_of_the_new_schema() -> None:
    panel = first(bar_gauge("b", "B", "A ranking.", UP, unit=Unit.COUNT))
    assert panel["options"]["reduceOptions"]["calcs"] == ["lastNotNull"]
    assert "fieldOptions" not in panel["options"]
    panel = first(heatmap("h", "H", "A heatmap.", UP, unit=Unit.SECONDS))
    assert panel["options"]["calculate"] is False
    assert not {"heatmap", "dataFormat", "yAxis", "cards"} & set(panel)


def test_a_graph_takes_fractions_and_every_reduction_and_shows_its_legend() -> None:
    panel = first(graph("g", minimum=0.5, maximum=1.5, calcs=("p95", "uniqueValues")))
    defaults = panel["fieldConfig"]["defaults"]
    assert (defaults["min"], defaults["max"]) == (0.5, 1.5)
    assert panel["options"]["legend"]["calcs"] == ["p95", "uniqueValues"]
    assert panel["options"]["legend"]["showLegend"] is True


def test_links_and_overrides_live_side_by_side() -> None:
    link = to_dashboard("There", "nearfield-now")
    panel = first(graph("g", links=[link], right={"5xx": Unit.PER_SECOND}))
    assert panel["fieldConfig"]["defaults"]["links"] == [link]
    assert panel["fieldConfig"]["overrides"][0]["matcher"]["options"] == "5xx"


def test_variables_are_asked_anew_when_the_time_changes() -> None:
    json = labels("job", "up").json
    assert json["refresh"] == 2
    assert json["regex"] == ""
    assert json["allValue"] == ".+"
    assert json["current"] == {"selected": True, "text": ["All"], "value": ["$__all"]}
    assert "+" not in labels("podcast", "podcast_info").json["allValue"]


def test_a_choice_begins_with_its_first_word() -> None:
    assert choice("top", ("10", "20")).json["current"]["value"] == "10"


def test_explore_keeps_variables_and_hides_everything_else() -> None:
    panel = first(
        graph("g", Prometheus('rate(a{podcast=~"$podcast", job=~"$job"}[$__rate_interval])'))
    )
    url = panel["links"][0]["url"]
    assert "${podcast:pipe}" in url
    assert "${job:percentencode}" in url
    assert "${__from}" in url
    assert "%24__rate_interval" in url
    assert '"' not in url
