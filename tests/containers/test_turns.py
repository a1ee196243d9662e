"""How many are read in full at a look."""

from exporters.containers.turns import BUDGET, MOST, Turns


def test_all_are_read_while_that_is_cheap() -> None:
    turns = Turns()
    turns.spent(0.9 * BUDGET)
    assert turns.whole(3) == {0, 1, 2}
    assert turns.whole(0) == frozenset()


def test_each_has_its_turn_whatever_comes_and_goes() -> None:
    turns = Turns()
    for _ in range(3):
        turns.spent(1.01 * BUDGET)
    assert turns.count == 4
    seen = [turns.whole(10) for _ in range(4)]
    assert all(len(each) == 3 for each in seen)
    assert frozenset().union(*seen) == set(range(10))
    assert max(turns.whole(2)) < 2
    assert turns.whole(0) == frozenset()


def test_the_price_of_a_look_settles_within_its_budget() -> None:
    def price(turns: Turns) -> float:
        return len(turns.whole(500)) * 100e-6 + 500 * 10e-6

    turns, prices = Turns(), []
    for _ in range(50):
        prices.append(price(turns))
        turns.spent(prices[-1])
    assert turns.count == 2
    assert len(set(prices[-10:])) == 1, "and stays what it is"


def test_it_becomes_dearer_and_cheaper_again() -> None:
    turns = Turns()
    for _ in range(100):
        turns.spent(10 * BUDGET)
    assert turns.count == MOST
    for _ in range(100):
        turns.spent(0.01 * BUDGET)
    assert turns.count == 1
