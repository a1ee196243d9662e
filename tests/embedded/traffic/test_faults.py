"""What goes wrong: each trouble spoils what it should, and nothing else."""

from exporters.embedded.sample.chance import chance
from exporters.embedded.traffic import Scenario
from exporters.embedded.traffic.faults import ROUND, Trouble
from exporters.embedded.traffic.lines import Answer
from tests.embedded.traffic.lines import NOON, weather

HIT, MISS = Answer(200, 1_000, 0.01, "HIT-CLUSTER"), Answer(200, 1_000, 0.1, "MISS-CLUSTER")


def failed(trouble: Trouble | None, answer: Answer, pop: str = "LHR") -> float:
    """The share of answers that become errors."""
    sky, dice = weather(Scenario.FULL, trouble), chance(1)
    spoiled = [sky.spoil(dice, NOON.timestamp(), pop, answer) for _ in range(1_000)]
    assert all(each.error and each.cache == "ERROR" for each in spoiled if each.status == 503)
    return sum(each.status == 503 for each in spoiled) / len(spoiled)


def test_without_an_origin_only_what_is_in_a_cache_is_served() -> None:
    assert failed(Trouble.ORIGIN, MISS) == 1
    assert failed(Trouble.ORIGIN, HIT) < 0.01


def test_one_bad_place_harms_no_other() -> None:
    assert failed(Trouble.POP, HIT, pop="FRA") > 0.3
    assert failed(Trouble.POP, HIT) < 0.01


def test_a_slow_platform_is_slow_and_fails_nobody() -> None:
    sky = weather(Scenario.FULL, Trouble.SLOW)
    spoiled = sky.spoil(chance(1), NOON.timestamp(), "LHR", MISS)
    assert spoiled.took > 5 * MISS.took
    assert failed(Trouble.SLOW, MISS) == 0


def test_an_outage_spares_few() -> None:
    assert failed(Trouble.EDGE, HIT) > 0.5


def test_a_calm_day_has_no_trouble_and_a_full_one_every_trouble_and_rest_between() -> None:
    seconds = [NOON.timestamp() + second for second in range(int(ROUND))]
    calm, full = weather(Scenario.CALM), weather(Scenario.FULL)
    assert {calm.trouble(at) for at in seconds} == {None}
    assert {full.trouble(at) for at in seconds} == {None, *Trouble}
    assert sum(full.trouble(at) is None for at in seconds) > len(seconds) / 2
