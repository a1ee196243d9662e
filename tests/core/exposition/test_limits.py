import tracemalloc
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporters.core.exposition import (
    LABEL_LIMIT,
    SERIES_LIMIT,
    HistogramFamily,
    Labels,
    Limits,
    Policy,
    Row,
    ValueFamily,
)

NAMES = ("host", "path")
words = st.sampled_from(["a", "b", "c", "d", "e", "other", "caf\udce9", "\N{SNOWMAN}"])
labels_of_two = st.tuples(words, words)
amounts = st.integers(1, 1000).map(float)
rows = st.lists(st.tuples(labels_of_two, amounts), max_size=12)
updates = st.lists(st.tuples(st.sampled_from(["add", "replace"]), rows), max_size=8)
folding = st.sampled_from([Policy.FOLD, Policy.FOLD_ALL])
small = st.builds(
    Limits,
    series=st.integers(0, 6),
    label=st.integers(0, 4),
    labels=st.dictionaries(st.just("host"), st.integers(0, 2)),
    policy=folding,
)


class Drops:
    """What a family said that it dropped."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, family: str, count: int) -> None:
        assert family == "hits_total"
        assert count > 0
        self.count += count


def hits(limits: Limits, drops: Drops | None = None) -> ValueFamily:
    return ValueFamily(
        "counter", "hits_total", "Hits.", NAMES, limits=limits, on_drop=drops or Drops()
    )


def contents(family: ValueFamily) -> dict[Labels, float]:
    return {tuple(s.labels[name] for name in NAMES): s.value for s in family.samples}


def clean(labels: Labels) -> Labels:
    return tuple(value.encode("utf-8", "replace").decode() for value in labels)


def check_bounds(family: ValueFamily, limits: Limits) -> None:
    kept = contents(family)
    assert len(family) == len(kept) <= limits.series + 1
    for column, cap in zip(range(2), limits.caps(NAMES), strict=True):
        assert len({labels[column] for labels in kept} - {"other"}) <= cap


@given(small, updates)
@settings(deadline=None)
def test_whatever_is_folded_the_sum_stays_right_and_the_bound_holds(
    limits: Limits, steps: list[tuple[str, list[Row]]]
) -> None:
    drops, total, folded = Drops(), 0.0, 0
    family = hits(limits, drops)
    for step, batch in steps:
        if step == "replace":
            family.replace(batch)
            total = 0.0
            folded += sum(family.value(clean(labels)) is None for labels, _ in batch)
        for labels, amount in batch:
            total += amount
            if step == "add":
                before = family.value(clean(labels))
                family.add_many([(labels, amount)])
                folded += family.value(clean(labels)) == before
        assert sum(contents(family).values()) == total
        assert drops.count == folded
        check_bounds(family, limits)


@given(rows, rows)
@settings(deadline=None)
def test_what_is_dropped_is_counted_and_the_rest_is_as_it_came(
    first: list[Row], second: list[Row]
) -> None:
    limits = Limits(series=5, label=3, policy=Policy.DROP)
    drops = Drops()
    family = hits(limits, drops)
    for batch in (first, second):
        drops.count = 0
        family.replace(batch)
        kept, came = contents(family), {clean(labels): value for labels, value in batch}
        assert kept.items() <= came.items()
        assert drops.count == sum(clean(labels) not in kept for labels, _ in batch)
        check_bounds(family, limits)


@given(small, rows, rows)
@example(Limits(series=1), [(("c", "\udce9"), 1.0)], [(("a", "a"), 1.0), (("c", "\udce9"), 1.0)])
@settings(deadline=None)
def test_who_has_a_place_keeps_it_while_it_is_there(
    limits: Limits, first: list[Row], second: list[Row]
) -> None:
    family = hits(limits)
    family.replace(first)
    before = contents(family)
    family.replace(second)
    for labels in {clean(labels) for labels, _ in second}:
        assert labels not in before or labels in contents(family)


@given(small, updates)
@settings(deadline=None)
def test_the_same_updates_give_the_same_series(
    limits: Limits, steps: list[tuple[str, list[Row]]]
) -> None:
    families = hits(limits), hits(limits)
    for family in families:
        for step, batch in steps:
            (family.replace if step == "replace" else family.add_many)(batch)
    assert families[0].samples == families[1].samples


def fill(limits: Limits, pairs: Iterable[str]) -> dict[str, float]:
    """The family after one hit for each `host/path`."""
    family = hits(limits)
    family.add_many([((host, path), 1.0) for host, path in (pair.split("/") for pair in pairs)])
    return {"/".join(labels): value for labels, value in contents(family).items()}


def test_a_label_over_its_cap_is_other_and_the_others_keep_theirs() -> None:
    limits = Limits(labels={"path": 2})
    assert fill(limits, ["a/1", "a/2", "a/3", "b/4", "b/1", "c/5"]) == {
        "a/1": 1,
        "a/2": 1,
        "a/other": 1,
        "b/other": 1,
        "b/1": 1,
        "c/other": 1,
    }


def test_a_family_over_its_series_puts_all_labels_to_other() -> None:
    assert fill(Limits(series=2), ["a/1", "a/2", "a/3", "b/1", "a/1"]) == {
        "a/1": 2,
        "a/2": 1,
        "other/other": 2,
    }


def test_with_fold_all_one_label_over_its_cap_takes_all_with_it() -> None:
    limits = Limits(labels={"path": 1}, policy=Policy.FOLD_ALL)
    assert fill(limits, ["a/1", "a/2", "b/1"]) == {"a/1": 1, "other/other": 1, "b/1": 1}


def test_with_drop_what_is_over_the_cap_is_not_there() -> None:
    limits = Limits(labels={"path": 1}, policy=Policy.DROP)
    assert fill(limits, ["a/1", "a/2", "b/1"]) == {"a/1": 1, "b/1": 1}


def test_the_word_other_as_a_value_takes_no_place() -> None:
    assert fill(Limits(label=1), ["other/other", "a/1", "other/1"]) == {
        "other/other": 1,
        "a/1": 1,
        "other/1": 1,
    }


def test_a_refused_series_leaves_no_place_taken() -> None:
    family = hits(Limits(series=1, label=2))
    family.add_many([(("a", "1"), 1), (("b", "2"), 1), (("c", "3"), 1)])
    family.remove(("a", "1"))
    family.add_many([(("d", "4"), 1)])
    assert contents(family) == {("other", "other"): 2, ("d", "4"): 1}


def test_a_removed_series_frees_the_places_that_it_alone_held() -> None:
    family = hits(Limits(label=2))
    family.add_many([(("a", "1"), 1), (("a", "2"), 1), (("b", "1"), 1)])
    family.remove(("b", "1"))
    family.add_many([(("c", "3"), 1)])
    assert family.value(("c", "other")) == 1
    family.clear()
    family.add_many([(("x", "8"), 1), (("y", "9"), 1)])
    assert set(contents(family)) == {("x", "8"), ("y", "9")}


def test_a_value_keeps_its_place_when_its_series_changes() -> None:
    family = hits(Limits(labels={"host": 1}))
    family.replace([(("a", "1"), 1)])
    family.replace([(("b", "2"), 1), (("a", "2"), 1)])
    assert contents(family) == {("other", "2"): 1, ("a", "2"): 1}


def test_a_value_that_vanishes_frees_its_place() -> None:
    family = hits(Limits(labels={"host": 1}))
    family.replace([(("a", "1"), 1), (("b", "1"), 1)])
    family.replace([(("b", "1"), 1)])
    assert contents(family) == {("b", "1"): 1}


def test_a_gauge_set_over_the_cap_is_dropped_and_counted() -> None:
    drops = Drops()
    family = hits(Limits(label=1), drops)
    family.set(("a", "1"), 5)
    family.set(("b", "1"), 7)
    family.set(("a", "1"), 6)
    assert contents(family) == {("a", "1"): 6}
    assert drops.count == 1


def test_drops_of_a_batch_are_reported_together() -> None:
    reports: list[tuple[str, int]] = []
    family = ValueFamily(
        "info",
        "show",
        "Show.",
        ("title",),
        limits=Limits(label=1, policy=Policy.DROP),
        on_drop=lambda name, count: reports.append((name, count)),
    )
    family.replace([((title,), 1) for title in "abcd"])
    family.replace([(("a",), 1)])
    assert reports == [("show_info", 3)]


def test_a_cap_for_an_unknown_label_is_refused() -> None:
    with pytest.raises(ValueError, match="pod"):
        hits(Limits(labels={"pod": 3}))


def test_without_settings_there_is_a_limit_all_the_same() -> None:
    family = ValueFamily("counter", "hits_total", "Hits.", NAMES)
    family.add_many([(("a", str(i)), 1) for i in range(LABEL_LIMIT + 10)])
    assert family.value(("a", "other")) == 10
    assert len(family) == LABEL_LIMIT + 1
    wide = ValueFamily("counter", "hits_total", "Hits.", NAMES)
    wide.add_many([((str(i % 300), str(i // 300)), 1) for i in range(SERIES_LIMIT + 10)])
    assert len(wide) == SERIES_LIMIT + 1


def test_a_flood_of_values_takes_no_memory() -> None:
    family = hits(Limits(label=100))
    histogram = HistogramFamily(
        "wait_seconds", "Wait.", NAMES, buckets=(1,), limits=Limits(label=100)
    )
    flood = [(f"h{i}", f"p{i}") for i in range(200)]
    family.add_many((labels, 1) for labels in flood)
    histogram.add_many((labels, (1, 0), 0) for labels in flood)
    tracemalloc.start()
    try:
        family.add_many(((f"h{i}", f"p{i}"), 1) for i in range(20_000))
        histogram.add_many(((f"h{i}", f"p{i}"), (1, 0), 0) for i in range(20_000))
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 20_000
    assert len(family) == len(histogram) == 101


def test_a_replacement_may_be_built_in_another_thread() -> None:
    family = hits(Limits())
    family.replace([(("a", "1"), 1)])
    with ThreadPoolExecutor() as pool:
        pool.submit(family.replace, [(("b", "2"), 2)]).result(timeout=10)
    assert contents(family) == {("b", "2"): 2}
