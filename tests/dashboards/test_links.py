"""Links of panels lead somewhere, with the labels and the time that they promise."""

import json
import re
from urllib.parse import parse_qs, urlsplit

from tests.dashboards import promql
from tests.dashboards.catalogue import by_series
from tests.dashboards.generated import (
    EACH,
    VARIABLE,
    Json,
    as_parsed,
    dashboards,
    shown,
    variables,
)


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
