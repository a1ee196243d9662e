import pytest

from exporters.core.exposition import Limits, Policy
from exporters.downloads.queries.model import Measure
from tests.downloads.queries.reading import problems, query, read

FOUR_LINES = """
podcast_guests:
  help: Guests that a show has had.
  labels: [podcast]
  sql: SELECT podcast, count(*) FROM guests GROUP BY 1
"""


def test_four_lines_make_a_metric() -> None:
    found = query(FOUR_LINES)
    assert found.name == "podcast_guests"
    assert found.measures == (
        Measure("podcast_guests", "gauge", "Guests that a show has had.", None),
    )
    assert found.labels == ("podcast",)
    assert (found.database, found.interval, found.deadline) == ("app", 60.0, 10.0)
    assert found.limits == Limits(1000, 100, policy=Policy.FOLD_ALL)


def test_every_key_is_read() -> None:
    found = query("""
shop_orders_total:
  help: Orders.
  type: counter
  labels: [shop, state]
  value: n
  interval: 5m
  deadline: 1m30s
  database: ledger
  series_limit: 50
  label_limits: {shop: 20}
  sql: SELECT shop, state, n FROM orders
""")
    assert found.measures == (Measure("shop_orders_total", "counter", "Orders.", "n"),)
    assert found.labels == ("shop", "state")
    assert (found.database, found.interval, found.deadline) == ("ledger", 300.0, 90.0)
    assert found.limits == Limits(50, 100, {"shop": 20}, Policy.FOLD_ALL)


def test_one_query_makes_several_metrics() -> None:
    found = query("""
newsletter:
  labels: [podcast]
  sql: SELECT podcast, sends, opens FROM mails
  metrics:
    newsletter_sends: {help: Mails., value: sends}
    newsletter_opens_total: {help: Opens., value: opens}
""")
    assert found.name == "newsletter"
    assert found.measures == (
        Measure("newsletter_sends", "gauge", "Mails.", "sends"),
        Measure("newsletter_opens_total", "counter", "Opens.", "opens"),
    )


def test_a_name_that_ends_in_total_is_a_counter() -> None:
    assert query("a_total: {help: x, sql: SELECT 1}").measures[0].kind == "counter"


def test_the_same_text_makes_the_same_query_and_another_sql_another() -> None:
    assert query(FOUR_LINES) == query("\n\n# moved down\n" + FOUR_LINES)
    assert query(FOUR_LINES) != query(FOUR_LINES.replace("guests GROUP", "people GROUP"))


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("help: x", ".sql: is missing, and has no default"),
        ("sql: SELECT 1", ".help: is missing, and has no default"),
        ("sql: SELECT 1, help: ''", ".help: wants text"),
        ("$, lables: [x]", '.lables: unknown key; did you mean "labels"?'),
        ("$, type: summary", '.type: wants one of "gauge" or "counter"'),
        ("$, type: counter", ": wants a name that ends in _total for a counter"),
        ("$, labels: x", ".labels: wants a list"),
        ("$, labels: [x, x]", ".labels: wants each label once"),
        ("$, labels: [x], value: x", ".labels: the value of a is one of the labels"),
        ("$, interval: 100ms", ".interval: wants at least 1s"),
        (
            "$, interval: 60",
            '.interval: wants a duration over zero with its unit, such as "30s", "5m" or "1h30m"',
        ),
        (
            "$, database: lodger",
            '.database: wants one that is configured here: app, ledger; did you mean "ledger"?',
        ),
        ("$, series_limit: none", ".series_limit: wants a whole number"),
        (
            "$, labels: [show], label_limits: {shwo: 1}",
            '.label_limits.shwo: is none of the labels; did you mean "show"?',
        ),
        ("sql: SELECT 1, metrics: {}", ".metrics: wants the names of metrics"),
        (
            "sql: SELECT 1, metrics: {b: {help: x}}",
            ".metrics.b.value: is missing, and has no default",
        ),
        (
            "sql: SELECT 1, metrics: {b: {hlep: x, help: x, value: y}}",
            '.metrics.b.hlep: unknown key; did you mean "help"?',
        ),
    ],
)
def test_a_problem_is_one_line_that_says_what_is_wanted(keys: str, expected: str) -> None:
    keys = keys.replace("$", "help: x, sql: SELECT 1")
    assert problems(f"a: {{{keys}}}") == [f"1: a{expected}"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("1a", "wants a name of letters, digits and underscores"),
        ("a_total: {type: gauge}", "wants a name without _total for a gauge"),
        ("a_count", "wants a name without the ending _count: other types of metrics own it"),
        ("nearfield_a", "wants a name without nearfield_: Nearfield's own metrics begin so"),
    ],
)
def test_a_name_says_what_it_names(name: str, expected: str) -> None:
    name, _, more = name.partition(": ")
    keys = "help: x, sql: SELECT 1, " + more.strip("{}")
    assert problems(f"{name}: {{{keys}}}") == [f"1: {name}: {expected}"]


@pytest.mark.parametrize("label", ["__x", "le", "a-b", "1"])
def test_a_label_is_a_name_that_is_free(label: str) -> None:
    assert problems(f"a: {{help: x, sql: SELECT 1, labels: [{label}]}}") == [
        "1: a.labels.0: wants a name of letters, digits and underscores; le and __ are reserved"
    ]


def test_every_problem_of_an_entry_is_told_at_once() -> None:
    text = "a:\n  help: x\n  type: counter\n  labels: [b, b]\n  database: x\n  sql: SELECT 1\n"
    assert len(problems(text)) == 3


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        " -- why\n/* how * ever */ WITH a AS (SELECT 1) SELECT * FROM a",
        "((SELECT 1))",
        "VALUES (1)",
        "TABLE shows",
    ],
)
def test_what_only_reads_is_taken(sql: str) -> None:
    assert query(f"a:\n  help: x\n  sql: {sql!r}".replace("'", '"')).sql == sql


@pytest.mark.parametrize(
    "sql",
    ["DELETE FROM shows", "COMMIT", "SELECTED", "-- SELECT 1", "/* SELECT 1", "/*" * 50_000, ""],
)
def test_what_does_more_than_read_is_refused_without_being_quoted(sql: str) -> None:
    assert problems(f"a: {{help: x, sql: '{sql}'}}") == [
        "1: a.sql: wants one SELECT (WITH, VALUES and TABLE will do): nothing else only reads"
    ]


def test_no_problem_quotes_sql_or_a_value() -> None:
    keys = ("help", "type", "value", "interval", "deadline", "database", "series_limit", "sql")
    text = "".join(f"a{i}: {{{key}: [hunter2]}}\n" for i, key in enumerate(keys))
    text += "".join(f"b{i}: {{{key}: hunter2, sql: DROP hunter2}}\n" for i, key in enumerate(keys))
    found = read(text).problems
    assert len(found) >= 2 * len(keys)
    assert not any("hunter2" in line for line in found)
