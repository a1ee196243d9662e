from collections.abc import Iterable
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.core.errors import SourceMalformed
from exporters.core.exposition import Family, Labels, Limits, Policy
from exporters.downloads.queries.fold import Begin, folds
from exporters.downloads.queries.model import Measure, Query, Reading

OVER = ("other", "other")


class Bench:
    """One measure with two labels, polled as often as a test likes."""

    def __init__(
        self, kind: Any = "gauge", name: str = "a", labels: Labels = ("x", "y"), series: int = 3
    ) -> None:
        reading = Reading.LENIENT if kind == "histogram" else Reading.NUMBER
        self.measure = Measure(name, kind, "A.", "n", reading)
        limits = Limits(series=series, policy=Policy.FOLD_ALL)
        self.dropped = 0
        query = Query("q", "SELECT 1", "app", 60, 10, labels, (self.measure,), limits)
        (self.begin,) = folds(query, self._drop)

    def _drop(self, family: str, count: int) -> None:
        assert family == self.measure.name
        self.dropped += count

    def poll(self, rows: Iterable[tuple[Labels, Any]]) -> dict[Labels, float]:
        """What the family holds after a poll of rows of labels and one value."""
        family = _polled(self.begin, [(labels, (value,)) for labels, value in rows])
        return {tuple(s.labels.values()): s.value for s in family.iter_samples()}


def _polled(begin: Begin, rows: Iterable[tuple[Labels, Any]]) -> Family[Any]:
    fold = begin((0, 1, 2, 3), ("n", "n_bucket", "n_sum", "n_count"))
    for labels, row in rows:
        fold.add(labels, row)
    family = fold.finish()
    assert isinstance(family, Family)
    return family


def named(count: int) -> list[tuple[Labels, float]]:
    return [((f"x{i}", "y"), float(i)) for i in range(count)]


def test_a_poll_is_all_there_is() -> None:
    bench = Bench()
    assert bench.poll(named(2)) == {("x0", "y"): 0.0, ("x1", "y"): 1.0}
    assert bench.poll([(("x1", "y"), 5)]) == {("x1", "y"): 5.0}
    assert bench.poll([]) == {}


def test_null_is_no_sample() -> None:
    assert Bench().poll([(("a", "b"), None), (("c", "d"), 0)]) == {("c", "d"): 0.0}


def test_over_the_limit_all_labels_become_other_and_values_add_up() -> None:
    bench = Bench(series=3)
    assert bench.poll(named(10)) == {
        **dict(named(3)),
        OVER: sum(range(3, 10)),
    }
    assert bench.dropped == 7


def test_a_series_keeps_its_place_whatever_comes_before_it() -> None:
    bench = Bench(series=2)
    bench.poll(named(2))
    held = bench.poll([((f"new{i}", "y"), 1.0) for i in range(5)] + named(2))
    assert held == {**dict(named(2)), OVER: 5.0}


def test_a_place_is_free_for_others_when_its_series_is_gone() -> None:
    bench = Bench(series=2)
    bench.poll(named(2))
    assert bench.poll([(("new", "y"), 1.0), (("x1", "y"), 1.0)]).keys() == {
        ("new", "y"),
        ("x1", "y"),
    }


LABELS = st.tuples(st.sampled_from("abcdefgh"), st.just("y"))


@settings(deadline=None)
@given(st.lists(st.dictionaries(LABELS, st.integers(0, 9))), st.integers(1, 5))
def test_sums_stay_right_poll_after_poll(polls: list[dict[Labels, int]], series: int) -> None:
    bench = Bench(series=series)
    for rows in polls:
        held = bench.poll(rows.items())
        assert sum(held.values()) == sum(rows.values())
        assert len(held) <= series + 1
        assert all(held[labels] == rows[labels] for labels in held if labels != OVER)


def test_moments_over_the_limit_are_left_out_and_counted() -> None:
    bench = Bench(name="a_timestamp_seconds", series=2)
    assert bench.poll(named(5)) == dict(named(2))
    assert bench.dropped == 3


def test_the_same_labels_twice_are_an_error_that_names_them() -> None:
    rows = [(("a", "b"), 1), (("a", "b"), 2)]
    with pytest.raises(SourceMalformed, match="several rows have the same x, y"):
        Bench().poll(rows)
    with pytest.raises(SourceMalformed, match="there are several rows: name a label"):
        Bench(labels=()).poll([((), 1), ((), 2)])


def test_a_failed_poll_changes_nothing() -> None:
    bench = Bench()
    family = _polled(bench.begin, [(("a", "b"), (1,))])
    fold = bench.begin((0,), ("n",))
    fold.add(("a", "b"), (2,))
    with pytest.raises(SourceMalformed, match="column n has text where a number is wanted"):
        fold.add(("c", "d"), ("hunter2",))
    assert [sample.value for sample in family.iter_samples()] == [1.0]


@pytest.mark.parametrize("value", [-1, nan])
def test_a_counter_below_zero_is_an_error_that_names_its_column(value: float) -> None:
    with pytest.raises(SourceMalformed, match="column n is below 0 or NaN"):
        Bench("counter", "a_total").poll([(("a", "b"), value)])


def test_a_counter_may_fall_as_the_database_says() -> None:
    bench = Bench("counter", "a_total")
    bench.poll([(("a", "b"), 5)])
    assert bench.poll([(("a", "b"), 3)]) == {("a", "b"): 3.0}


def test_a_gauge_may_be_what_floats_are() -> None:
    held = Bench().poll([(("a", ""), -inf), (("b", ""), nan)])
    assert held["a", ""] == -inf
    assert held["b", ""] != held["b", ""]


def histogram(rows: list[tuple[Labels, Any]], **more: Any) -> dict[tuple[str, ...], float]:
    family = _polled(Bench("histogram", **more).begin, rows)
    return {(s.name, *s.labels.values()): s.value for s in family.iter_samples()}


def test_a_histogram_is_served_as_the_database_counted_it() -> None:
    assert histogram([(("s",), ([4, 1, 2], [9, 3, 5], 21.5, "10"))], labels=("x",)) == {
        ("a_bucket", "s", "1.0"): 3.0,
        ("a_bucket", "s", "2.0"): 5.0,
        ("a_bucket", "s", "4.0"): 9.0,
        ("a_bucket", "s", "+Inf"): 10.0,
        ("a_count", "s"): 10.0,
        ("a_sum", "s"): 21.5,
    }


def test_a_histogram_of_nothing_has_a_sum_of_zero_or_is_no_sample() -> None:
    assert histogram([((), ([1], [0], None, 0))], labels=())["a_sum",] == 0.0
    assert histogram([((), (None, None, None, 0))], labels=()) == {}


def test_histograms_over_the_limit_add_up() -> None:
    rows: list[tuple[Labels, Any]] = [((f"s{i}",), ([1], [1], 2, 3)) for i in range(5)]
    held = histogram(rows, labels=("x",), series=2)
    assert held["a_bucket", "other", "1.0"] == 3.0
    assert held["a_count", "other"] == 9.0


@pytest.mark.parametrize(
    "cells",
    [
        ([1, 2], [1], 1, 1),
        ([1, 1], [1, 1], 1, 1),
        ([1, 2], [2, 1], 1, 2),
        ([1], [5], 1, 3),
        ([1], [None], 1, 1),
        ([1], [1], nan, 1),
        ([1], [1], "hunter2", 1),
        ("hunter2", [1], 1, 1),
        ([1], [1], 1, None),
        ([1], [1], 1, inf),
    ],
)
def test_what_is_no_histogram_is_told_by_its_column(cells: tuple[object, ...]) -> None:
    with pytest.raises(SourceMalformed) as raised:
        histogram([((), cells)], labels=())
    assert str(raised.value) == "column n and its _bucket, _sum and _count are not one histogram"


def test_every_row_of_a_histogram_has_the_same_buckets() -> None:
    rows: list[tuple[Labels, Any]] = [
        (("a",), ([1], [1], 1, 1)),
        (("b",), ([2], [1], 1, 1)),
    ]
    with pytest.raises(SourceMalformed, match="column n has other buckets in some rows"):
        histogram(rows, labels=("x",))
    with pytest.raises(SourceMalformed, match="several rows have the same x"):
        histogram([rows[0], rows[0]], labels=("x",))
