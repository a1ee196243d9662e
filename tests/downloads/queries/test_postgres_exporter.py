import pytest

from exporters.downloads.queries.model import Measure, Reading
from exporters.downloads.queries.versions import parse_range
from tests.downloads.queries.reading import problems, query, read

REPLICATION = """
pg_replication:
  query: "SELECT now() - pg_last_xact_replay_timestamp() AS lag"
  master: true
  cache_seconds: 30
  runonserver: ">=10.0.0"
  metrics:
    - lag:
        usage: "GAUGE"
        description: "Replication lag behind master in seconds"
"""


def column(usage: str, more: str = "") -> Measure:
    (measure,) = query(f"""
pg_x:
  query: SELECT 1
  metrics:
    - show: {{usage: LABEL, description: Its name}}
    - spare: {{usage: DISCARD}}
    - y: {{usage: {usage}, description: Why. {more}}}
""").measures
    return measure


def test_a_namespace_makes_metrics_of_its_name_and_its_columns() -> None:
    found = query(REPLICATION)
    assert (found.name, found.interval, found.database) == ("pg_replication", 30.0, "app")
    assert found.server == parse_range(">=10.0.0")
    (measure,) = found.measures
    assert (measure.name, measure.column) == ("pg_replication_lag", "lag")
    assert measure.help == "Replication lag behind master in seconds"


@pytest.mark.parametrize(
    ("usage", "name", "kind", "reading"),
    [
        ("GAUGE", "pg_x_y", "gauge", Reading.LENIENT),
        ("COUNTER", "pg_x_y", "unknown", Reading.LENIENT),
        ("HISTOGRAM", "pg_x_y", "histogram", Reading.LENIENT),
        ("DURATION", "pg_x_y_milliseconds", "gauge", Reading.DURATION),
    ],
)
def test_every_usage_keeps_its_name(usage: str, name: str, kind: str, reading: Reading) -> None:
    measure = column(usage)
    assert (measure.name, measure.kind, measure.reading) == (name, kind, reading)


def test_a_mapped_metric_has_its_mapping() -> None:
    measure = column("MAPPEDMETRIC", ", metric_mapping: {on: 1, off: 0}")
    assert (measure.kind, measure.reading) == ("gauge", Reading.MAPPED)
    assert measure.mapping == {"on": 1.0, "off": 0.0}


def test_a_counter_that_ends_in_total_is_one() -> None:
    text = "pg: {query: SELECT 1, metrics: [{x_total: {usage: COUNTER}}]}"
    (measure,) = query(text).measures
    assert (measure.name, measure.kind) == ("pg_x_total", "counter")


def test_labels_keep_their_order_and_several_columns_may_share_an_item() -> None:
    labels = "{b: {usage: LABEL}, a: {usage: LABEL}}"
    text = f"pg: {{query: SELECT 1, metrics: [{labels}, {{n: {{usage: GAUGE}}}}]}}"
    assert query(text).labels == ("b", "a")


def test_without_a_description_the_help_says_where_it_comes_from() -> None:
    (measure,) = query("pg: {query: SELECT 1, metrics: [{n: {usage: GAUGE}}]}").measures
    assert measure.help == "Column n of query pg."


def test_without_a_cache_it_runs_as_often_as_the_others() -> None:
    assert query("pg: {query: SELECT 1, metrics: [{n: {usage: GAUGE}}]}").interval == 60.0


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("query: SELECT 1", ".metrics: is missing, and has no default"),
        ("metrics: [{n: {usage: GAUGE}}]", ".query: is missing, and has no default"),
        ("$ [{n: {}}]", ".metrics.0.n.usage: is missing, and has no default"),
        (
            "$ [{n: {usage: GAUGE, desc: x}}]",
            '.metrics.0.n.desc: unknown key; did you mean "description"?',
        ),
        (
            "$ [{n: {usage: GAUGE}}, {n: {usage: GAUGE}}]",
            ".metrics.1.n: the column is there twice",
        ),
        ("$ [{n: {usage: LABEL}}]", ".metrics: wants a column that is not LABEL or DISCARD"),
        (
            "$ [{n: {usage: MAPPEDMETRIC}}]",
            ".metrics.0.n: wants a metric_mapping of texts to numbers",
        ),
        (
            "$ [{n-m: {usage: GAUGE}}]",
            ".metrics: column n-m does not make the name of a metric with a_ before it",
        ),
        (
            "$ [{le: {usage: LABEL}}, {n: {usage: GAUGE}}]",
            ".metrics: column le cannot be a label: the name is reserved",
        ),
        (
            "cache_second: 1, $ [{n: {usage: GAUGE}}]",
            '.cache_second: unknown key; did you mean "cache_seconds"?',
        ),
        (
            "runonserver: new, $ [{n: {usage: GAUGE}}]",
            ".runonserver: wants versions of PostgreSQL, such as >=14.0.0 <17.0.0",
        ),
    ],
)
def test_a_problem_is_one_line_that_says_what_is_wanted(keys: str, expected: str) -> None:
    keys = keys.replace("$", "query: SELECT 1, metrics:")
    assert problems(f"a: {{{keys}}}") == [f"1: a{expected}"]


def test_a_usage_that_is_none_is_told_with_those_that_are() -> None:
    (problem,) = problems("a: {query: SELECT 1, metrics: [{n: {usage: SUMMARY}}]}")
    assert problem.startswith('1: a.metrics.0.n.usage: wants one of "LABEL", "GAUGE"')
    assert problem.endswith('"HISTOGRAM", "MAPPEDMETRIC" or "DURATION"')


def test_both_forms_can_stand_in_one_file() -> None:
    parsed = read(REPLICATION + "\nshows: {help: x, sql: SELECT 1}\n")
    assert parsed.problems == ()
    assert [one.definition.name for one in parsed.placed] == ["pg_replication", "shows"]
