from collections.abc import Callable
from decimal import Decimal
from math import inf, isnan, nan

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from exporters.core.exposition import ValueFamily, ValueKind, negotiate, render


def gauge(*labels: str) -> ValueFamily:
    return ValueFamily("gauge", "size_bytes", "How large.", labels)


def counter(*labels: str) -> ValueFamily:
    return ValueFamily("counter", "requests_total", "How many.", labels)


def page(family: ValueFamily) -> list[str]:
    lines = render([family], negotiate(None)).decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_a_gauge_has_the_value_that_was_set() -> None:
    family = gauge("disk")
    family.set(("a",), 3)
    family.set(("a",), 2.5)
    assert page(family) == ['size_bytes{disk="a"} 2.5']


def test_a_counter_adds_up() -> None:
    family = counter("host", "status")
    family.inc(("a", "200"))
    family.add_many([(("a", "200"), 2), (("b", "404"), 5)])
    assert page(family) == [
        'requests_total{host="a",status="200"} 3.0',
        'requests_total{host="b",status="404"} 5.0',
    ]


def test_an_increment_of_zero_makes_the_series_appear() -> None:
    family = counter()
    assert page(family) == []
    family.inc((), 0)
    assert page(family) == ["requests_total 0.0"]


@pytest.mark.parametrize("amount", [-1, -0.001, -inf, nan])
def test_a_counter_refuses_what_is_negative_or_no_number(amount: float) -> None:
    family = counter("host")
    row = (("a",), amount)
    with pytest.raises(ValueError, match="requests_total"):
        family.inc(*row)
    with pytest.raises(ValueError, match="requests_total"):
        family.set(*row)
    with pytest.raises(ValueError, match="requests_total"):
        family.replace([row])
    assert len(family) == 0


def test_a_gauge_may_be_negative_and_nan() -> None:
    family = gauge("disk")
    family.replace([(("a",), -1), (("b",), nan)])
    assert family.value(("a",)) == -1
    value = family.value(("b",))
    assert value is not None
    assert isnan(value)


def test_numbers_of_other_types_become_floats() -> None:
    family = counter("host")
    family.inc(("a",), True)
    family.add_many([(("a",), Decimal("1.5"))])  # type: ignore[list-item]
    assert type(family.value(("a",))) is float
    assert family.value(("a",)) == 2.5


@pytest.mark.parametrize(
    ("kind", "name", "in_text", "in_openmetrics"),
    [
        ("counter", "a_total", "# TYPE a_total counter", "# TYPE a counter"),
        ("counter", "a", "# TYPE a_total counter", "# TYPE a counter"),
        ("gauge", "a_total", "# TYPE a_total gauge", "# TYPE a_total gauge"),
        ("unknown", "a_total", "# TYPE a_total untyped", "# TYPE a_total unknown"),
        ("info", "a_info", "# TYPE a_info gauge", "# TYPE a info"),
        ("info", "a", "# TYPE a_info gauge", "# TYPE a info"),
    ],
)
def test_a_kind_has_its_suffix_once(
    kind: ValueKind, name: str, in_text: str, in_openmetrics: str
) -> None:
    family = ValueFamily(kind, name, "Help.")
    accept = "application/openmetrics-text;version=1.0.0"
    assert in_text in render([family], negotiate(None)).decode().splitlines()
    assert in_openmetrics in render([family], negotiate(accept)).decode().splitlines()


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a b", "job:rate", "é", "a\n"])
def test_a_name_that_would_be_escaped_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        ValueFamily("gauge", name, "Help.")
    with pytest.raises(ValueError, match="name"):
        gauge(name)


def test_a_reserved_or_repeated_label_is_refused() -> None:
    with pytest.raises(ValueError, match="reserved"):
        gauge("__name__")
    with pytest.raises(ValueError, match="twice"):
        gauge("host", "host")


def test_the_wrong_number_of_label_values_is_refused() -> None:
    family = gauge("disk", "host")
    with pytest.raises(ValueError, match="size_bytes"):
        family.set(("a",), 1)
    with pytest.raises(ValueError, match="size_bytes"):
        family.inc(("a", "b", "c"), 1)
    with pytest.raises(ValueError, match="size_bytes"):
        family.replace([(("a",), 1)])
    with pytest.raises(ValueError, match="size_bytes"):
        family.remove(())


def test_half_a_surrogate_does_not_spoil_the_page() -> None:
    family = counter("name")
    family.inc(("caf\udce9",), 1)
    family.inc(("caf\udce9",), 1)
    assert page(family) == ['requests_total{name="caf?"} 2.0']
    family.remove(("caf\udce9",))
    assert page(family) == []


def test_rows_that_vanish_vanish() -> None:
    family = gauge("disk")
    family.replace([(("a",), 1), (("b",), 2)])
    family.replace([(("c",), 3), (("b",), 4)])
    assert sorted(page(family)) == ['size_bytes{disk="b"} 4.0', 'size_bytes{disk="c"} 3.0']
    family.replace([])
    assert page(family) == []


def test_rows_of_the_same_series_add_up() -> None:
    family = gauge("disk")
    for _ in range(2):
        family.replace([(("a",), 1), (("b",), 1), (("a",), 2)])
        assert family.value(("a",)) == 3


def test_a_replacement_that_is_refused_changes_nothing() -> None:
    family = counter("host")
    family.replace([(("a",), 1)])
    with pytest.raises(ValueError, match="requests_total"):
        family.replace([(("a",), 2), (("b",), -1)])
    assert page(family) == ['requests_total{host="a"} 1.0']


def test_a_series_can_be_removed_and_come_again() -> None:
    family = counter("host")
    family.inc(("a",))
    family.inc(("b",))
    family.remove(("a",))
    family.remove(("never there",))
    assert page(family) == ['requests_total{host="b"} 1.0']
    family.inc(("a",))
    assert family.value(("a",)) == 1
    family.clear()
    assert len(family) == 0


def test_a_registry_takes_a_family_and_holds_its_name() -> None:
    registry = CollectorRegistry()
    family = counter("host")
    registry.register(family)
    family.inc(("a",), 2)
    assert b'requests_total{host="a"} 2.0' in generate_latest(registry)
    with pytest.raises(ValueError, match="Duplicated"):
        registry.register(counter())
    registry.unregister(family)
    assert generate_latest(registry) == b""


def test_a_refill_gives_the_same_series_new_values_in_their_order() -> None:
    family = ValueFamily("gauge", "temperature_celsius", "Heat.", ("room",))
    family.replace([(("hall",), 20.0), (("attic",), 30.0)])
    family.refill([21.0, 31.0])
    assert family.value(("hall",)) == 21.0
    assert family.value(("attic",)) == 31.0


def test_a_refill_of_another_length_is_refused_and_changes_nothing() -> None:
    family = ValueFamily("counter", "steps_total", "Steps.", ("room",))
    family.replace([(("hall",), 20.0)])
    for values in ([], [1.0, 2.0], [-1.0]):
        with pytest.raises(ValueError, match=r"shorter|longer|cannot take"):
            family.refill(values)
    assert family.value(("hall",)) == 20.0


def test_a_change_is_seen_however_often_the_page_was_the_same() -> None:
    family = gauge("disk")
    family.set(("a",), 1)
    changes: list[tuple[Callable[[], None], list[str]]] = [
        (lambda: family.set(("a",), 2), ['size_bytes{disk="a"} 2.0']),
        (
            lambda: family.set(("b",), 3),
            ['size_bytes{disk="a"} 2.0', 'size_bytes{disk="b"} 3.0'],
        ),
        (lambda: family.remove(("a",)), ['size_bytes{disk="b"} 3.0']),
        (lambda: family.replace([(("c",), 3.0)]), ['size_bytes{disk="c"} 3.0']),
        (lambda: family.refill([4.0]), ['size_bytes{disk="c"} 4.0']),
        (lambda: family.set(("c",), nan), ['size_bytes{disk="c"} NaN']),
        (family.clear, []),
    ]
    for change, lines in changes:
        for _ in range(3):
            before = page(family)
        assert page(family) == before
        change()
        assert [page(family) for _ in range(4)] == [lines] * 4


def test_scrapes_at_once_show_the_same_as_one_after_the_other() -> None:
    family = gauge("disk")
    family.replace([((f"{n}",), float(n)) for n in range(10)])
    whole = "".join(family.blocks(3))
    for _ in range(4):
        first, second = family.blocks(3), family.blocks(3)
        begun = next(first)
        assert "".join(second) == whole
        assert begun + "".join(first) == whole
    first = family.blocks(3)
    begun = next(first)
    family.set(("0",), 7.0)
    assert "".join(family.blocks(3)) == whole.replace('"0"} 0.0', '"0"} 7.0')
    assert begun + "".join(first) == whole
    assert "".join(family.blocks(3)) == whole.replace('"0"} 0.0', '"0"} 7.0')
