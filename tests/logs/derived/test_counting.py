"""Users' metrics at work: which lines they count, with which labels, how much that costs."""

import json
from dataclasses import replace
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.logs.derived import LogMetrics
from exporters.logs.derived.rule import Rule
from exporters.logs.model import Line
from exporters.logs.parsing import Parsed
from tests.logs.derived.making import definitions, kind, line, samples

ORDERS = """
shop_orders_total:
  from: logs
  help: Orders.
  service: web
  pattern: order of (?P<kind>\\w+) placed
  labels: [kind]
"""
JOBS = """
shop_job_seconds:
  from: logs
  help: How long jobs took.
  where: {event: job done}
  labels: {job: job.name}
  value: took_ms
  scale: 0.001
  buckets: [0.1, 1]
"""


def test_a_pattern_counts_its_lines_by_its_groups() -> None:
    metrics = kind(ORDERS)
    metrics.read([line("order of books placed"), line("nothing"), line("order of cds placed 7")])
    metrics.read([line("an order of books placed"), line("order of books placed", service="api")])
    assert samples(metrics) == {
        'shop_orders_total{service="web",stack="shop",kind="books"}': 2,
        'shop_orders_total{service="web",stack="shop",kind="cds"}': 1,
    }


@pytest.mark.parametrize(
    "text",
    [
        '{"event": "job done", "job": {"name": "mail"}, "took_ms": 250}',
        'event="job done" job.name=mail took_ms=250',
    ],
)
def test_fields_of_json_and_logfmt_are_counted_and_observed(text: str) -> None:
    metrics = kind(JOBS)
    metrics.read(
        [line(t, Parsed(t)) for t in (text, text.replace("job done", "begun"), text + " more")]
    )
    written = 'service="web",stack="shop",job="mail"'
    found = samples(metrics)
    assert found[f'shop_job_seconds_bucket{{{written},le="0.1"}}'] == 0
    assert found[f'shop_job_seconds_bucket{{{written},le="1.0"}}'] == 2
    assert found[f"shop_job_seconds_sum{{{written}}}"] == 0.5


def test_what_every_line_has_can_be_asked_for() -> None:
    metrics = kind(
        "slow_total: {from: logs, help: h, pattern: slow, where: {level: [warning, error]},"
        " labels: [stream]}"
    )
    metrics.read([line("slow"), line("slow", level="error", stream="stderr")])
    assert samples(metrics) == {'slow_total{service="web",stack="shop",stream="stderr"}': 1}


def test_a_counter_adds_its_value() -> None:
    metrics = kind("sold_total: {from: logs, help: h, pattern: 'sold (?P<n>\\d+)', value: n}")
    metrics.read([line("sold 3"), line("sold 4"), line("sold out")])
    assert samples(metrics) == {'sold_total{service="web",stack="shop"}': 7}


def test_a_series_whose_labels_are_known_begins_at_0() -> None:
    metrics = kind("sold_total: {from: logs, help: h, service: web, pattern: sold}")
    metrics.read([line("nothing"), line("nothing", service="api")])
    assert samples(metrics) == {'sold_total{service="web",stack="shop"}': 0}


@pytest.mark.parametrize("value", ["many", "-1", "nan", "inf", ""])
def test_a_value_that_is_no_number_is_counted_as_rejected(value: str) -> None:
    metrics = kind("sold_total: {from: logs, help: h, labels: [x], value: n}")
    metrics.read([line(f"n={value}", {"n": value}), line("n=2", {"n": "2"}), line("n", {})])
    assert metrics.rejected.value(("sold_total", "no_number")) == 1
    assert list(samples(metrics).values()) == [2]


def test_labels_have_their_limit_and_sums_stay_right() -> None:
    metrics = kind(f"{ORDERS}  label_limits: {{kind: 2}}\n")
    metrics.read([line(f"order of k{n} placed") for n in range(10)])
    metrics.read([line(f"order of {'k' * 101} placed")])
    assert samples(metrics) == {
        'shop_orders_total{service="web",stack="shop",kind="k0"}': 1,
        'shop_orders_total{service="web",stack="shop",kind="k1"}': 1,
        'shop_orders_total{service="web",stack="shop",kind="other"}': 9,
    }


def test_a_definition_that_did_not_change_keeps_its_values() -> None:
    metrics = kind(ORDERS + JOBS)
    metrics.read([line("order of books placed")])
    metrics.apply(definitions(ORDERS))
    metrics.read([line("order of books placed")])
    assert list(samples(metrics).values()) == [2]
    metrics.apply(definitions(ORDERS.replace("Orders.", "All orders.")))
    metrics.read([line("order of books placed")])
    assert list(samples(metrics).values()) == [1]
    metrics.apply([])
    metrics.read([line("order of books placed")])
    assert samples(metrics) == {}
    assert not len(metrics.rejected)


def test_a_pattern_that_takes_too_long_is_no_longer_tried() -> None:
    metrics = LogMetrics(lambda *_: None, slowest=0.001)
    metrics.apply(definitions("a_total: {from: logs, help: h, pattern: 'b(?:a|a)*c'}"))
    metrics.read([line("ba" + "a" * 18)])
    assert metrics.rejected.value(("a_total", "slow")) == 0
    metrics.read([line("bac"), line("bac")])
    assert metrics.rejected.value(("a_total", "slow")) == 2
    assert list(samples(metrics).values()) == [0]


NAMES = st.sampled_from(["event", "job.name", "n", "level", "a-b"])
WORDS = st.sampled_from(["done", "a b", "7", "x.y", "d\u00f6ne", 'q"', "true"])


@given(st.dictionaries(NAMES, WORDS, min_size=1), NAMES, WORDS)
def test_the_literal_of_a_rule_never_hides_a_line(
    fields: dict[str, str], name: str, word: str
) -> None:
    text = json.dumps(fields, ensure_ascii=False)
    [derived] = definitions("a_total: {from: logs, help: h, where: {x: y}}")
    rule = Rule(replace(derived, where=((name, (word,)),)), lambda *_: None)
    seen = Line(0, "c", "web", "shop", "stdout", "info", text, Parsed(text))
    rule.count([seen])
    meant = name != "level" and fields.get(name) == word
    assert rule.family.samples == [] or meant
    assert bool(rule.family.samples) == meant


def test_lines_that_no_definition_means_cost_little() -> None:
    entries = (
        f"m{n}_total: {{from: logs, help: h, pattern: 'number {n}x (?P<k>\\w+)', labels: [k]}}"
        for n in range(20)
    )
    metrics = kind("\n".join(entries))
    lines = [line(f"{n} GET /episodes/{n}.mp3 200 in {n} ms " + "word " * 32) for n in range(1000)]
    metrics.read(lines)
    started = process_time()
    for _ in range(20):
        metrics.read(lines)
    per_line = (process_time() - started) / 20 / len(lines)
    assert per_line < 20e-6  # measured: 2 µs; the machine may be slow
