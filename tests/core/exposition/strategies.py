"""Families with anything in them that the formats allow, ours and the library's side by side."""

from collections.abc import Callable
from math import inf, nan, nextafter

from hypothesis import strategies as st
from prometheus_client import Metric, utils
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeHistogramMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    StateSetMetricFamily,
    SummaryMetricFamily,
    UnknownMetricFamily,
)
from prometheus_client.samples import Exemplar

from exporters.core.exposition import HistogramFamily, Labels, ValueFamily

Pair = tuple[ValueFamily | HistogramFamily, Metric]

go_string: Callable[[float], str] = utils.floatToGoString

EDGES = [
    edge
    for turn in (1.0, 1e5, 1e6, 1e7, 1e15, 1e16, 1e17, 1e21, 1e22, 1e-4, 1e-5, 2.0**53)
    for edge in (turn, nextafter(turn, 0), nextafter(turn, inf), turn * 1.5, turn * 123456789)
]
SPECIAL = [0.0, -0.0, 5e-324, 1.7976931348623157e308, inf, 3, 10**6, 1234500, 10**18]

texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('\\\n"%{}=, é🎧'))
names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)
labelnames = st.lists(
    names.filter(lambda name: not name.startswith("__") and name != "le"), unique=True, max_size=5
)
positive = st.floats(min_value=0) | st.sampled_from(EDGES + SPECIAL) | st.integers(0, 10**20)
numbers = positive | st.floats() | st.sampled_from([nan, -inf]) | positive.map(lambda x: -x)


def rows_of(width: int, values: st.SearchStrategy[float]) -> st.SearchStrategy[dict[Labels, float]]:
    return st.dictionaries(st.tuples(*[texts] * width), values, max_size=8)


@st.composite
def value_pairs(draw: st.DrawFn) -> Pair:
    kinds: dict[str, Callable[..., Metric]] = {
        "counter": CounterMetricFamily,
        "gauge": GaugeMetricFamily,
        "unknown": UnknownMetricFamily,
    }
    kind = draw(st.sampled_from(["counter", "gauge", "unknown"]))
    name, text, labels = draw(names), draw(texts), draw(labelnames)
    rows = draw(rows_of(len(labels), positive if kind == "counter" else numbers))
    ours = ValueFamily(kind, name, text, labels)  # type: ignore[arg-type]
    theirs = kinds[kind](name, text, labels=labels)
    for key, value in rows.items():
        ours.set(key, value)
        theirs.add_metric(key, value)  # type: ignore[attr-defined]
    return ours, theirs


@st.composite
def info_pairs(draw: st.DrawFn) -> Pair:
    name, text, labels = draw(names), draw(texts), draw(labelnames)
    ours = ValueFamily("info", name, text, labels)
    # The library takes `a_info` for a name and makes it `a_info_info`.
    theirs = InfoMetricFamily(name.removesuffix("_info"), text, labels=labels)
    for key in draw(rows_of(len(labels), st.just(1.0))):
        ours.set(key, 1)
        theirs.add_metric(key, {})
    return ours, theirs


@st.composite
def histogram_pairs(draw: st.DrawFn) -> Pair:
    bounds = sorted(draw(st.sets(st.floats(allow_nan=False), min_size=1, max_size=6)) | {inf})
    name, text, labels = draw(names), draw(texts), draw(labelnames)
    ours = HistogramFamily(name, text, labels, buckets=bounds)
    theirs = HistogramMetricFamily(name, text, labels=labels)
    counts = st.lists(st.integers(0, 10**7), min_size=len(bounds), max_size=len(bounds))
    for key, total in draw(rows_of(len(labels), st.floats(allow_nan=False))).items():
        buckets = draw(counts)
        ours.add(key, buckets, total)
        cumulative = [sum(buckets[: i + 1]) for i in range(len(bounds))]
        les = [go_string(bound) for bound in bounds]
        theirs.add_metric(key, list(zip(les, cumulative, strict=True)), 0.0 + total)
    return ours, theirs


pairs = value_pairs() | info_pairs() | histogram_pairs()


@st.composite
def library_metrics(draw: st.DrawFn) -> Metric:
    """A metric of any type of the library, sometimes with more samples than fit in one go."""
    make = draw(st.sampled_from(list(_LIBRARY)))
    labels = draw(labelnames)
    metric: Metric = make(draw(texts.filter(bool)), draw(texts), labels=labels)
    metric.unit = draw(st.sampled_from(["", "seconds"]))
    if metric.unit:
        metric.name += "_seconds"
    add = _LIBRARY[make]
    for key in draw(st.lists(st.tuples(*[texts] * len(labels)), max_size=5)):
        add(metric, key, draw(numbers), draw(st.none() | st.floats(0, 2e9)))
    metric.samples *= draw(st.sampled_from([1, 1, 50]))
    return metric


def _counter(metric: Metric, key: Labels, value: float, at: float | None) -> None:
    assert isinstance(metric, CounterMetricFamily)
    exemplar = None if at is None else Exemplar({"trace": 'a"b'}, value, at)
    metric.add_metric(key, value, created=at, timestamp=at, exemplar=exemplar)


def _stateset(metric: Metric, key: Labels, value: float, at: float | None) -> None:
    assert isinstance(metric, StateSetMetricFamily)
    metric.add_metric(key, {"on": value > 0, "off": value <= 0}, timestamp=at)


def _summary(metric: Metric, key: Labels, value: float, at: float | None) -> None:
    assert isinstance(metric, SummaryMetricFamily)
    metric.add_metric(key, 3, value, timestamp=at)
    if at is not None:
        metric.add_sample(metric.name + "_created", {}, at)


def _histogram(metric: Metric, key: Labels, value: float, at: float | None) -> None:
    assert isinstance(metric, HistogramMetricFamily | GaugeHistogramMetricFamily)
    metric.add_metric(key, [("1.0", 2), ("+Inf", value)], value, timestamp=at)


def _plain(metric: Metric, key: Labels, value: float, at: float | None) -> None:
    assert isinstance(metric, GaugeMetricFamily | UnknownMetricFamily)
    metric.add_metric(key, value, timestamp=at)


_LIBRARY: dict[Callable[..., Metric], Callable[[Metric, Labels, float, float | None], None]] = {
    CounterMetricFamily: _counter,
    GaugeMetricFamily: _plain,
    UnknownMetricFamily: _plain,
    SummaryMetricFamily: _summary,
    StateSetMetricFamily: _stateset,
    HistogramMetricFamily: _histogram,
    GaugeHistogramMetricFamily: _histogram,
}
