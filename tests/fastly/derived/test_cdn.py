"""Users' own metrics from log lines: what an entry may say, and what it counts."""

import re
from pathlib import Path
from typing import Any, cast

import pytest

from exporters.core.definitions import parse
from exporters.core.exposition import ignore_drops
from exporters.fastly.derived import CdnMetrics, Derived
from exporters.fastly.derived.model import FIELDS, NUMBERS
from exporters.fastly.derived.parse import Form
from exporters.fastly.formats import AUTO
from exporters.fastly.measure import Measurer, Networks
from exporters.fastly.measure.hosts import Hosts
from exporters.fastly.measure.model import Moment
from exporters.ledger.model import Calendar, Known
from tests.fastly.traffic import NOON, RULES, body, classify, request, segment

CLICKS = """
vanity_clicks_total:
  from: cdn
  help: Clicks on vanity redirects.
  where: {status: [301, 302], host: Example.com}
  pattern: '^/(?P<target>[a-z-]+)$'
  labels: {target: target, country: country}
"""


def read(text: str) -> tuple[CdnMetrics, list[Derived]]:
    metrics = CdnMetrics(ignore_drops)
    parsed = parse("a.yml", text, {"cdn": metrics})
    assert list(parsed.problems) == []
    found = [cast("Derived", placed.definition) for placed in parsed.placed]
    metrics.apply(found)
    return metrics, found


def problems(text: str) -> str:
    return "\n".join(parse("a.yml", text, {"cdn": CdnMetrics(ignore_drops)}).problems)


def counted(tmp_path: Path, metrics: CdnMetrics, *lines: dict[str, Any] | str) -> dict[str, float]:
    """Measure lines, add what they came to, and return the samples of the page."""
    calendar = Calendar(open=frozenset([NOON.date()]), since=NOON.date())
    moment = Moment(NOON, calendar, NOON)
    with Measurer(
        RULES, classify, Networks(), Hosts(), tmp_path / "scratch", own=lambda: metrics.current
    ) as measurer:
        piece = segment(tmp_path, body(lines))
        measurer.survey(piece.path, AUTO, moment, piece.lines)
        metrics.add(measurer.measure(Known((), frozenset(), {})).stream.own)
    return {
        ",".join(
            [sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))]
        ): sample.value
        for family in metrics.collect()
        for sample in family.samples
    }


def click(**changes: Any) -> dict[str, Any]:
    return request(**{"status": 302, "host": "example.com", "path": "/sponsor?x=1"} | changes)


def test_clicks_are_counted_by_target_and_country(tmp_path: Path) -> None:
    metrics, _ = read(CLICKS)
    lines: list[dict[str, Any] | str] = [
        click(),
        click(country="Germany", path="/sponsor"),
        click(path="/other", status=301),
        click(status=200),
        click(host="elsewhere.example"),
        click(path="/two/parts"),
        click(inner=True),
        "no line at all",
    ]
    assert counted(tmp_path, metrics, *lines) == {
        "vanity_clicks_total,country=DE,target=sponsor": 2,
        "vanity_clicks_total,country=DE,target=other": 1,
    }
    assert len(counted(tmp_path, metrics, click())) == 2
    assert counted(tmp_path, metrics)["vanity_clicks_total,country=DE,target=sponsor"] == 3


def test_a_histogram_is_made_of_a_number(tmp_path: Path) -> None:
    metrics, _ = read(
        "slow_seconds: {from: cdn, help: h, where: {status: [2xx], cache: MISS}, value: seconds,"
        " labels: [cache], buckets: [0.1, 1]}"
    )
    found = counted(
        tmp_path,
        metrics,
        request(cache="MISS-CLUSTER", elapsed_us=50_000),
        request(cache="MISS", elapsed_us=2_000_000),
        request(cache="HIT"),
        request(cache="MISS", status=500),
    )
    assert found["slow_seconds_bucket,cache=MISS,le=0.1"] == 1
    assert found["slow_seconds_bucket,cache=MISS,le=+Inf"] == 2
    assert found["slow_seconds_sum,cache=MISS"] == pytest.approx(2.05)


def test_bytes_add_up(tmp_path: Path) -> None:
    metrics, _ = read("sent_bytes_total: {from: cdn, help: h, pattern: mp3, value: bytes}")
    assert counted(tmp_path, metrics) == {"sent_bytes_total": 0}
    assert counted(tmp_path, metrics, request(), request()) == {"sent_bytes_total": 2_000_000}


def test_a_secret_feed_becomes_no_label(tmp_path: Path) -> None:
    metrics, _ = read("paths_total: {from: cdn, help: h, pattern: '(?P<all>.*)', labels: [all]}")
    found = counted(tmp_path, metrics, click(path="/s3cr3t/feed"), click(path="/open"))
    assert found == {"paths_total,all=/open": 1}


def test_too_many_values_are_other_and_sums_stay_right(tmp_path: Path) -> None:
    metrics, _ = read(CLICKS + "  label_limits: {target: 3}\n")
    targets = [f"/{'abcdefgh'[n]}" for n in range(8)]
    found = counted(tmp_path, metrics, *(click(path=path) for path in targets))
    assert len(found) == 4
    assert sum(found.values()) == 8
    assert found["vanity_clicks_total,country=DE,target=other"] == 5


def test_a_quote_in_a_text_is_a_text(tmp_path: Path) -> None:
    metrics, _ = read(
        'a_total: {from: cdn, help: h, pattern: "it\'s", where: {host: "x\' OR 1=1"}}'
    )
    assert counted(tmp_path, metrics, click(path="/it's")) == {"a_total": 0}


def test_a_changed_definition_starts_anew_and_a_removed_one_goes(tmp_path: Path) -> None:
    metrics, (clicks,) = read(CLICKS)
    counted(tmp_path, metrics, click())
    metrics.apply([clicks])
    assert counted(tmp_path, metrics)["vanity_clicks_total,country=DE,target=sponsor"] == 1
    _, changed = read(CLICKS.replace("302", "307"))
    metrics.apply(changed)
    assert counted(tmp_path, metrics) == {}
    metrics.apply([])
    assert not list(metrics.collect())


@pytest.mark.parametrize(
    ("entry", "wish"),
    [
        ("a_total: {from: cdn, help: h}", "wants a pattern or where"),
        ("a: {from: cdn, help: h, pattern: x}", "wants a value, bytes or seconds"),
        ("a_total: {from: cdn, help: h, pattern: '('}", "a regular expression"),
        ("a_total: {from: cdn, help: h, pattern: '(?=x)y'}", "without lookaround"),
        ("a_total: {from: cdn, help: h, where: {hosts: x}}", 'is no field; did you mean "host"'),
        ("a_total: {from: cdn, help: h, pattern: x, labels: [agent]}", "names no field"),
        ("a_total: {from: cdn, help: h, pattern: x, labels: [client_ip]}", "names no field"),
        ("a_total: {from: cdn, help: h, pattern: x, buckets: [1]}", "are for histograms"),
        ("a: {from: cdn, help: h, where: {status: 200}, value: bytes, buckets: [2, 1]}", "ascend"),
        ("a_total: {from: cdn, help: h, pattern: x, label_limits: {b: 3}}", "none of the labels"),
        ("nearfield_a_total: {from: cdn, help: h, pattern: x}", "without nearfield_"),
        ("a_total: {from: cdn, help: h, pattern: x, sql: SELECT 1}", "sql"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(entry: str, wish: str) -> None:
    said = problems(entry)
    assert wish in said
    assert "\n" not in said


ROOT = Path(__file__).parents[3]


def test_the_shipped_examples_and_those_of_the_docs_are_right() -> None:
    _, shipped = read((ROOT / "queries" / "cdn.yml").read_text())
    assert {one.name for one in shipped} == {"vanity_clicks_total", "site_uncached_seconds"}
    docs = (ROOT / "docs" / "cdn-metrics.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?)```", docs, re.DOTALL)
    read(block)


def test_the_docs_have_every_key_and_every_field() -> None:
    docs = (ROOT / "docs" / "cdn-metrics.md").read_text()
    keys = set(re.findall(r"^\| `(\w+)` \|", docs, re.MULTILINE))
    assert keys == {"from", *Form.model_fields}
    assert [field for field in (*FIELDS, *NUMBERS) if f"`{field}`" not in docs] == []
