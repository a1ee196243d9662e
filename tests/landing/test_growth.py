from exporters.landing.growth import MINUTE, STEP, STEPS, Growth


def looked(*totals: float | None) -> Growth:
    growth = Growth()
    for total in totals:
        growth.look(None if total is None else [(("a",), total)])
    return growth


def test_what_was_counted_before_the_first_look_is_no_growth() -> None:
    growth = looked(500)
    assert growth.amounts() == (None,) * STEPS
    assert growth.last(MINUTE) is None
    assert growth.rate() is None


def test_each_step_is_what_came_between_two_looks() -> None:
    growth = looked(500, 503, 503, 510)
    assert growth.amounts()[-3:] == (3, 0, 7)
    assert growth.last(MINUTE) == 10
    assert growth.last(1) == 7


def test_a_rate_is_over_the_steps_that_are_known_and_a_minute_at_most() -> None:
    assert looked(0, 10, 20).rate() == 10 / STEP
    assert looked(0, 10_000, *[10_000] * MINUTE).rate() == 0


def test_a_counter_that_was_away_makes_a_gap_and_no_jump() -> None:
    assert looked(1, 2, None, 900, 901).amounts()[-4:] == (1, None, None, 1)


def test_a_series_that_comes_later_counts_from_its_first_one_on() -> None:
    growth = looked(5)
    growth.look([(("a",), 5), (("b",), 2)])
    assert growth.by_series() == {("b",): 2}


def test_only_the_last_steps_are_remembered() -> None:
    growth = looked(*range(STEPS + 50))
    assert len(growth.amounts()) == STEPS
    assert growth.by_series() == {("a",): STEPS}
