"""How many bytes a minute of sound is: PTMG 5.5.3."""

from dataclasses import replace

import pytest

from exporters.fastly.measure.threshold import needed_bytes
from exporters.ledger.model import Episode
from tests.fastly.traffic import RULES


def episode(size: int | None, seconds: float | None, podcast: str = "show") -> Episode:
    return Episode(1, podcast, "1", size, seconds)


@pytest.mark.parametrize(
    ("kilobits", "needed"), [(64, 480_000), (96, 720_000), (128, 960_000), (320, 2_400_000)]
)
def test_a_minute_of_a_constant_bitrate(kilobits: int, needed: int) -> None:
    assert needed_bytes(RULES, episode(kilobits * 125 * 3600, 3600.0)) == needed
    assert needed_bytes(replace(RULES, bitrate=kilobits * 1000), episode(None, None)) == needed


def test_what_comes_before_the_sound_is_needed_too() -> None:
    rules = replace(RULES, id3_bytes=500_000, id3_bytes_by_podcast={"other": 0})
    assert needed_bytes(rules, episode(500_000 + 60_000_000, 3600.0)) == 1_500_000
    assert needed_bytes(rules, episode(60_000_000, 3600.0, "other")) == 1_000_000
    assert needed_bytes(rules, episode(None, None)) == 1_460_000


@pytest.mark.parametrize("seconds", [1.0, 59.9, 60.0])
def test_a_minute_or_less_needs_the_whole_file(seconds: float) -> None:
    assert needed_bytes(RULES, episode(700_000, seconds)) == 700_000


def test_nothing_needs_more_than_its_file() -> None:
    rules = replace(RULES, id3_bytes=500_000)
    assert needed_bytes(rules, episode(300_000, None)) == 300_000
    assert needed_bytes(rules, episode(300_000, 3600.0)) == 300_000
    assert needed_bytes(rules, episode(None, 30.0)) == 980_000
