"""Entries `from: logs`: what they mean, and what is said of those that cannot be used."""

import pytest

from exporters.core.definitions.fields import BUCKETS
from exporters.core.exposition import Limits
from exporters.logs.derived import Derived
from tests.logs.derived.making import definitions, read

GOOD = "from: logs, help: h, service: web, pattern: 'x (?P<kind>a|b) (?P<ms>[0-9]+)'"

WANTS = "a_total.pattern: wants"


def test_an_entry_says_whose_lines_are_counted_and_how() -> None:
    [derived] = definitions(
        """
shop_job_seconds:
  from: logs
  help: How long jobs took.
  service: [web, worker]
  stack: shop
  pattern: job (?P<job>\\w+) took (?P<ms>\\d+) ms
  where: {level: info, event: [done, ended]}
  labels: {job: job, app: app.name}
  value: ms
  scale: 0.001
  buckets: [1, 10]
  label_limits: {job: 5}
"""
    )
    assert derived == Derived(
        name="shop_job_seconds",
        kind="histogram",
        help="How long jobs took.",
        services=("web", "worker"),
        stacks=("shop",),
        pattern=r"job (?P<job>\w+) took (?P<ms>\d+) ms",
        where=(("level", ("info",)), ("event", ("done", "ended"))),
        labels=(("job", "job"), ("app", "app.name")),
        value="ms",
        scale=0.001,
        buckets=(1.0, 10.0),
        limits=Limits(series=2000, labels={"job": 5, "app": 200}),
    )


def test_what_is_left_out_has_a_default() -> None:
    counter, histogram = definitions(
        f"a_total: {{{GOOD}, labels: [kind]}}\nb_seconds: {{{GOOD}, value: ms}}"
    )
    assert (counter.kind, counter.value, counter.labels) == ("counter", None, (("kind", "kind"),))
    assert (histogram.kind, histogram.buckets) == ("histogram", BUCKETS)
    assert counter.samples == ("a_total", "a")
    assert "b_seconds_bucket" in histogram.samples


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("a: {from: logs, help: h, pattern: x, type: counter}",
         "a: wants a name that ends in _total for a counter"),
        ("a_total: {from: logs, help: h, pattern: x, value: n, type: histogram}",
         "a_total: wants a name without _total for a histogram"),
        ("a: {from: logs, help: h, pattern: x}",
         "a: wants a value, the number that a histogram is made of"),
        ("a_total: {from: logs, help: h}",
         "a_total: wants a pattern, where or value, which say what is counted"),
        ("nearfield_a_total: {from: logs, help: h, pattern: x}",
         "nearfield_a_total: wants a name without nearfield_: Nearfield's own metrics begin so"),
        ("a_total: {from: logs, pattern: x}", "a_total.help: is missing, and has no default"),
        ("a_total: {from: logs, help: h, pattern: 'x(s3cret'}",
         f"{WANTS} a regular expression, and stumbles at character 1"),
        ("a_total: {from: logs, help: h, pattern: 'x*'}",
         f"{WANTS} a regular expression that an empty line does not match: this one all lines do"),
        ("a_total: {from: logs, help: h, pattern: '(a+)+b'}",
         f"{WANTS} no repeat inside a repeat, such as (a+)*: some line would take for ever"),
        (f"a_total: {{{GOOD}, labels: [kinds]}}",
         'a_total.labels: names no group of the pattern; did you mean "kind"?'),
        (f"a_total: {{{GOOD}, labels: [service]}}",
         "a_total.labels: service is there always: leave it out"),
        (f"a_total: {{{GOOD}, labels: [kind], label_limits: {{knd: 3}}}}",
         'a_total.label_limits.knd: is none of the labels; did you mean "kind"?'),
        (f"a_total: {{{GOOD}, buckets: [1]}}",
         "a_total.buckets: are for histograms, and this is a counter"),
        (f"a_total: {{{GOOD}, scale: 2}}", "a_total.scale: wants a value that it scales"),
        (f"a_s: {{{GOOD}, value: ms, buckets: [2, 1]}}",
         "a_s.buckets: wants numbers that ascend, from 0 or more on"),
        (f"a_s: {{{GOOD}, value: ms, scale: 0}}", "a_s.scale: wants a number over 0"),
        (f"a_s: {{{GOOD}, value: ms, bucket: [1]}}",
         'a_s.bucket: unknown key; did you mean "buckets"?'),
        (f"a_total: {{{GOOD}, labels: [le]}}",
         "a_total.labels: wants a name of letters, digits and underscores; le and __ are reserved"),
        (f"a_total: {{{GOOD}, where: x}}", "a_total.where: wants a table of names and values"),
    ],
)  # fmt: skip
def test_a_problem_is_named_with_its_place_and_never_quoted(entry: str, problem: str) -> None:
    parsed = read(entry)
    assert parsed.placed == ()
    assert [line.partition(": ")[2] for line in parsed.problems] == [problem]
    assert all(line.startswith("logs.yml:1: ") for line in parsed.problems)
