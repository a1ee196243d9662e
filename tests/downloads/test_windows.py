"""The stretches between windows add up to windows."""

from decimal import Decimal

from exporters.downloads.windows import Start, add_up, wanted


def test_episodes_are_asked_for_in_the_order_of_their_days() -> None:
    asked = wanted({(7, 100), (8, -3), (9, 50)})
    assert (asked["ids"], asked["days"]) == ([8, 9, 7], [-3, 50, 100])
    assert asked["ages"] == [0, 1, 3, 7, 30]
    assert asked["untils"] == [1, 3, 7, 30, 90]


def test_days_that_no_launch_covers_are_not_looked_at() -> None:
    asked = wanted({(1, 90), (2, 0), (3, 180), (4, 271), (5, -700_000)})
    spans = list(zip(asked["firsts"], asked["lasts"], strict=True))
    assert spans == [(-700_000, -699_911), (0, 269), (271, 360)]


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
