import pytest

from exporters.landing import words
from exporters.landing.plot import ceiling, plot


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (-0.2, "0 s ago"),
        (119, "119 s ago"),
        (120, "2 min ago"),
        (7200, "2 h ago"),
        (172800, "2 days ago"),
    ],
)
def test_ages_are_told_in_words(age: float, told: str) -> None:
    assert words.age(age) == told


def test_numbers_are_told_as_people_read_them() -> None:
    assert words.count(9_999_999) == "9,999,999"
    assert words.count(12_345_678) == "12.3 M"
    assert words.rate(0.44) == "0.4"
    assert words.rate(0) == "0"
    assert words.rate(251.2) == "251"
    assert words.size(999) == "999 B"
    assert words.size(12_340_000) == "12.3 MB"


@pytest.mark.parametrize(
    ("most", "top"), [(0, 4), (3, 4), (5, 5), (6, 10), (11, 20), (300, 400), (4001, 5000)]
)
def test_the_scale_ends_at_a_round_number_that_holds_all(most: float, top: float) -> None:
    assert ceiling([None, 0, most]) == top


def test_a_bar_says_its_value_and_its_time() -> None:
    picture = plot([None, 0, 3], 5, at=1_800_000_000)
    assert picture.count('class="bar"') == 1
    assert "<title>3 until 08:00:00 UTC</title>" in picture
    assert 'aria-label="3 downloads, and at most 3 in 5 seconds."' in picture
    assert "style=" not in picture
