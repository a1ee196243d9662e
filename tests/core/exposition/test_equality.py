import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Metric, exposition
from prometheus_client.openmetrics import exposition as openmetrics

from exporters.core.exposition import expose, negotiate, render
from exporters.core.exposition.numbers import number

from .strategies import Pair, go_string, library_metrics, numbers, pairs

write_openmetrics: Callable[[CollectorRegistry], bytes] = openmetrics.generate_latest
SCHEMES = ["underscores", "allow-utf-8", "dots", "values"]


class Shelf:
    """A collector of given metrics."""

    def __init__(self, metrics: list[Metric]) -> None:
        self.metrics = metrics

    def collect(self) -> list[Metric]:
        return self.metrics


def registry_of(metrics: list[Metric]) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(Shelf(metrics))
    return registry


@given(st.lists(pairs, max_size=3))
@settings(deadline=None)
def test_our_families_render_as_the_library_renders_its_own(both: list[Pair]) -> None:
    ours, registry = [our for our, _ in both], registry_of([their for _, their in both])
    assert render(ours, negotiate(None)) == exposition.generate_latest(registry)
    accept = "application/openmetrics-text;version=1.0.0"
    assert render(ours, negotiate(accept)) == write_openmetrics(registry)


@given(pair=pairs, scheme=st.sampled_from(SCHEMES))
@settings(deadline=None)
def test_every_escaping_scheme_is_the_librarys(pair: Pair, scheme: str) -> None:
    ours, theirs = pair
    for kind in ("text/plain", "application/openmetrics-text"):
        encoding = negotiate(f"{kind};version=1.0.0;escaping={scheme}")
        assert f"escaping={scheme}" in encoding.content_type
        assert render([ours], encoding) == encoding.write(registry_of([theirs]))


@given(pairs)
@settings(deadline=None)
def test_the_library_reads_our_families_like_its_own(pair: Pair) -> None:
    ours, theirs = pair
    for write in (exposition.generate_latest, write_openmetrics):
        assert write(registry_of([ours])) == write(registry_of([theirs]))


@given(metrics=st.lists(library_metrics(), max_size=3), pair=pairs)
@settings(deadline=None)
def test_the_librarys_metrics_pass_through_unchanged(metrics: list[Metric], pair: Pair) -> None:
    ours, theirs = pair
    for accept in ("text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0"):
        encoding = negotiate(accept)
        expected = encoding.write(registry_of([*metrics, theirs, *metrics]))
        assert render([*metrics, ours, *metrics], encoding) == expected


@given(pairs)
@settings(deadline=None, max_examples=20)
def test_the_page_in_slices_is_the_page_at_once(pair: Pair) -> None:
    for accept in (None, "application/openmetrics-text;version=1.0.0"):
        page = asyncio.run(expose(pair, negotiate(accept), budget=0))
        assert page == render(pair, negotiate(accept))


@given(numbers)
def test_a_number_is_written_as_go_writes_it(value: float) -> None:
    assert number(float(value)) == go_string(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (999999.0, "999999.0"),
        (1e6, "1e+06"),
        (1234500.0, "1.2345e+06"),
        (1234567.891, "1.234567891e+06"),
        (9007199254740992.0, "9.007199254740992e+15"),
        (1e16, "1e+16"),
        (-1234567.0, "-1234567.0"),
        (-0.0, "-0.0"),
        (float("-inf"), "-Inf"),
    ],
)
def test_the_exponent_begins_at_a_million(value: float, text: str) -> None:
    assert number(value) == text
