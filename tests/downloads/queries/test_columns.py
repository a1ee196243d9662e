import pytest

from exporters.core.errors import SourceMismatch
from exporters.downloads.queries.columns import Layout, locate
from tests.downloads.queries.reading import query

ONE = query("a: {help: x, labels: [show, app], sql: SELECT 1}")
NAMED = query("a: {help: x, labels: [show], value: n, sql: SELECT 1}")
HISTOGRAM = query("a: {query: SELECT 1, metrics: [{h: {usage: HISTOGRAM}}]}")


def test_labels_are_found_by_name_and_the_value_is_what_is_left() -> None:
    assert locate(ONE, ["app", "count", "show"]) == Layout((2, 0), ((1,),))


def test_a_value_that_is_named_may_have_others_beside_it() -> None:
    assert locate(NAMED, ["x", "n", "show", "x"]) == Layout((2,), ((1,),))


def test_a_histogram_has_four_columns() -> None:
    names = ["h_sum", "h_count", "h_bucket", "h"]
    assert locate(HISTOGRAM, names) == Layout((), ((3, 2, 0, 1),))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["app", "shw", "n"], 'column show is missing from the result; did you mean "shw"?'),
        (["n"], "column show is missing from the result; column app is missing from the result"),
        (["app", "show"], "value: wants the name of a column; besides the labels there is none"),
        (
            ["app", "n", "show", "m"],
            "value: wants the name of a column; besides the labels there is n, m",
        ),
        (["app", "show", "show", "n"], "column show is there 2 times"),
    ],
)
def test_what_is_wrong_with_a_result_is_told_by_name(names: list[str], message: str) -> None:
    with pytest.raises(SourceMismatch) as raised:
        locate(ONE, names)
    assert str(raised.value) == message
