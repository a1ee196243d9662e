"""What a simulated listener can choose from."""

from datetime import timedelta

import psycopg

from exporters.embedded.sample import catalogue
from exporters.embedded.sample.episodes import episodes
from tests.embedded.sample.asked import number
from tests.embedded.sample.conftest import TODAY


def test_a_later_day_begins_with_the_list_of_an_earlier_one() -> None:
    earlier = episodes(TODAY)
    later = episodes(TODAY + timedelta(days=40), born=TODAY)
    assert later[: len(earlier)] == earlier
    assert len(later) > len(earlier) + 20


def test_it_is_the_same_every_time_and_another_for_another_seed() -> None:
    assert catalogue(TODAY) == catalogue(TODAY)
    assert catalogue(TODAY) != catalogue(TODAY, seed=1)


def test_everything_in_it_can_be_downloaded_that_day() -> None:
    entries = catalogue(TODAY)
    assert len(entries) > 1_300
    assert all(entry.audio_bytes > 0 and entry.duration > 0 for entry in entries)
    assert all(entry.published_at.date() <= TODAY for entry in entries)
    assert len({(entry.podcast, entry.episode) for entry in entries}) == len(entries)


def test_what_is_new_and_of_a_large_show_weighs_most() -> None:
    entries = catalogue(TODAY)
    weights = [entry.weight for entry in entries]
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] > 0
    assert any(entry.podcast == "lanternfold" for entry in entries[:5])
    assert TODAY - entries[0].published_at.date() < timedelta(days=7)


def test_weights_are_the_downloads_that_the_stats_have_of_that_day(
    loaded: psycopg.Connection,
) -> None:
    day = TODAY - timedelta(days=1)
    stats = "SELECT sum(downloads) FROM episode_stats WHERE date = %s"
    expected = sum(e.weight for e in catalogue(day, born=TODAY) if e.podcast != "drumlinlane")
    assert abs(expected / number(loaded, stats, day) - 1) < 0.1
