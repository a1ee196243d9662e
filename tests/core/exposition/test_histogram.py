from math import inf, nan

import pytest

from exporters.core.exposition import HistogramFamily, Limits, negotiate, render


def histogram(*labels: str) -> HistogramFamily:
    return HistogramFamily("wait_seconds", "Wait.", labels, buckets=(0.1, 1, 1e6))


def page(family: HistogramFamily) -> list[str]:
    lines = render([family], negotiate(None)).decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_buckets_are_cumulative_and_include_their_bound() -> None:
    family = histogram()
    for value in (0.1, 0.1000001, 1, 5, 1e7, inf):
        family.observe((), value)
    assert page(family) == [
        'wait_seconds_bucket{le="0.1"} 1.0',
        'wait_seconds_bucket{le="1.0"} 3.0',
        'wait_seconds_bucket{le="1e+06"} 4.0',
        'wait_seconds_bucket{le="+Inf"} 6.0',
        "wait_seconds_count 6.0",
        "wait_seconds_sum +Inf",
    ]


def test_counts_in_bulk_are_added_to_each_bucket() -> None:
    family = histogram("host")
    family.add(("a",), (1, 0, 0, 2), 12.5)
    family.add_many([(("a",), (0, 3, 0, 0), 1.5), (("b",), (0, 0, 0, 0), 0)])
    assert [line.rpartition(" ")[2] for line in page(family)] == [
        *("1.0", "4.0", "4.0", "6.0", "6.0", "14.0"),
        *("0.0",) * 6,
    ]
    assert family.count(("a",)) == 6
    assert family.count(("never there",)) is None


def test_the_bound_is_sorted_among_the_labels() -> None:
    family = histogram("zone", "host")
    family.observe(("%s", "100%"), 0.5)
    assert page(family)[0] == 'wait_seconds_bucket{host="100%",le="0.1",zone="%s"} 0.0'
    assert page(family)[-1] == 'wait_seconds_sum{host="100%",zone="%s"} 0.5'


@pytest.mark.parametrize(
    ("counts", "total"),
    [((1, 2, 3), 0), ((1, 2, 3, -1), 0), ((1, 2, 3, nan), 0), ((1, 2, 3, 4), nan)],
)
def test_counts_that_cannot_be_are_refused(counts: tuple[float, ...], total: float) -> None:
    family = histogram()
    with pytest.raises(ValueError, match="wait_seconds"):
        family.add((), counts, total)
    assert len(family) == 0


def test_nan_cannot_be_observed() -> None:
    with pytest.raises(ValueError, match="NaN"):
        histogram().observe((), nan)


@pytest.mark.parametrize("buckets", [(1, 0.5), (1, 1), (0, nan, 1)])
def test_buckets_must_ascend(buckets: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="ascend"):
        HistogramFamily("a", "Help.", buckets=buckets)


def test_the_label_of_the_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="le"):
        histogram("le")


def test_over_the_cap_the_other_histogram_takes_the_observations() -> None:
    drops: list[tuple[str, int]] = []
    family = HistogramFamily(
        "wait_seconds",
        "Wait.",
        ("host",),
        buckets=(1,),
        limits=Limits(label=1),
        on_drop=lambda name, count: drops.append((name, count)),
    )
    family.add_many([((host,), (1, 0), 0.5) for host in "abc"])
    assert (family.count(("a",)), family.count(("other",))) == (1, 2)
    assert drops == [("wait_seconds", 2)]


def test_a_histogram_can_be_removed() -> None:
    family = histogram("host")
    family.observe(("a",), 1)
    family.remove(("a",))
    assert page(family) == []
