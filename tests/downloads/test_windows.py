"""Every day of every window is looked up once, and adds up."""

from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from exporters.downloads.windows import Start, add_up, lookups

STARTS = st.dictionaries(st.integers(1, 10**6), st.integers(-3000, 3000), max_size=30)


def expanded(wanted: dict[str, list[int]]) -> list[tuple[int, int, int]]:
    """Each id, day and beginning of a stretch that is looked up."""
    columns = (wanted[name] for name in ("days", "ages", "firsts", "lasts"))
    return [
        (episode_id, day, begin)
        for day, begin, first, last in zip(*columns, strict=True)
        for episode_id in wanted["ids"][first - 1 : last]
    ]


def stretch(age: int) -> int:
    """By hand: the stretch that a day of this age belongs to."""
    return 0 if age < 1 else 1 if age < 3 else 3 if age < 7 else 7 if age < 30 else 30


@given(STARTS.filter(bool))
def test_each_of_the_ninety_days_of_an_episode_is_looked_up_once(starts: dict[int, int]) -> None:
    found = Counter(expanded(lookups(starts.items())))
    assert found == Counter(
        (episode_id, published + age, stretch(age))
        for episode_id, published in starts.items()
        for age in range(90)
    )


def test_a_window_holds_the_windows_before_it() -> None:
    start: Start = (7, 100)
    rows = [(7, 0, 1.0), (7, 1, 2.0), (7, 3, 4.0), (7, 7, 8.0), (7, 30, 16.0)]
    assert add_up([start], rows) == {start: (1.0, 3.0, 7.0, 15.0, 31.0)}


def test_a_window_is_unknown_until_one_of_its_days_is_counted() -> None:
    rows = [(7, 3, Decimal("4.5")), (7, 30, None), (8, 1, 0.0)]
    assert add_up([(7, 100), (8, 100), (9, 100)], rows) == {
        (7, 100): (None, None, 4.5, 4.5, 4.5),
        (8, 100): (None, 0.0, 0.0, 0.0, 0.0),
        (9, 100): (None,) * 5,
    }
