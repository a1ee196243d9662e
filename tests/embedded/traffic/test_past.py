"""Days that are over: their lines come to what the app counted."""

from collections import defaultdict
from datetime import timedelta

import pytest

from exporters.embedded.sample import catalogue
from exporters.embedded.traffic.past import Counted, past
from tests.embedded.traffic.lines import BORN, began, read

DAY = BORN - timedelta(days=1)
COUNTED = sorted(
    (
        Counted(
            each.podcast,
            each.episode,
            each.audio_bytes,
            each.published_at,
            int(each.audio_bytes * each.weight / 10),
        )
        for each in catalogue(DAY, born=BORN)
    ),
    key=lambda each: each.podcast,
)
LINES = read(past(DAY, COUNTED))


def test_the_files_worth_of_bytes_of_each_show_are_those_that_were_counted() -> None:
    sizes = {(each.podcast, each.episode): each.audio_bytes for each in COUNTED}
    worth: dict[str, float] = defaultdict(float)
    for line in LINES:
        _, _, podcast, episode, _ = line["path"].split("/")
        worth[podcast] += line["body_bytes"] / sizes[podcast, episode]
    for podcast, files in worth.items():
        counted = sum(e.sent / e.audio_bytes for e in COUNTED if e.podcast == podcast)
        assert files == pytest.approx(counted, abs=0.02)


def test_all_of_it_is_of_that_day_and_of_episodes_that_are_out() -> None:
    out = {(each.podcast, each.episode): each.published_at for each in COUNTED}
    for line in LINES:
        _, _, podcast, episode, _ = line["path"].split("/")
        assert began(line).date() == DAY
        assert began(line) >= out[podcast, episode]


def test_a_day_is_the_same_every_time() -> None:
    assert read(past(DAY, COUNTED)) == LINES
