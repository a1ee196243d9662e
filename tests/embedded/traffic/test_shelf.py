"""What is chosen: new episodes first, nothing that is not out, and what is talked about."""

from collections import Counter
from datetime import timedelta

from exporters.embedded.sample import catalogue
from exporters.embedded.sample.chance import chance
from exporters.embedded.traffic.shelf import Shelf, launch, talk
from tests.embedded.traffic.lines import BORN, NOON


def chosen(at: float, count: int = 2_000) -> Counter[tuple[str, str]]:
    shelf, dice = Shelf(BORN, 1), chance(1)
    found = (shelf.draw(dice, at) for _ in range(count))
    return Counter((each.podcast, each.episode) for each in found)


def test_an_episode_is_not_chosen_before_it_is_out_and_much_in_its_first_hour() -> None:
    # 9 October 2026 is a Friday: a show has an episode at 6 o'clock.
    entry = next(each for each in catalogue(BORN) if each.published_at.date() == BORN)
    key, out = (entry.podcast, entry.episode), entry.published_at.timestamp()
    assert key not in chosen(out - 301)
    assert chosen(out + 400)[key] > 300
    assert launch(entry, out + 600) > 5 * launch(entry, out + 23 * 3600)


def test_every_few_minutes_another_new_episode_is_talked_about() -> None:
    shelf = Shelf(BORN, 1)
    shelf.look(NOON.timestamp())
    beginning = NOON.timestamp() // 420 * 420
    talked = {shelf.talked_about(beginning + 420 * n).episode for n in range(10)}
    assert len(talked) > 3
    assert talk(beginning) > 1.4 > 1.1 > talk(beginning + 400)


def test_a_new_day_brings_its_own_list() -> None:
    shelf = Shelf(BORN, 1)
    shelf.look(NOON.timestamp())
    today = {(each.podcast, each.episode) for each in shelf.entries}
    shelf.look((NOON + timedelta(days=7)).timestamp())
    later = {(each.podcast, each.episode) for each in shelf.entries}
    assert later - today
    assert today - later == set()
