"""How files are fetched: as much of them as was meant, in the way of each app."""

import pytest

from exporters.embedded.sample.chance import chance
from exporters.embedded.traffic.apps import Way
from exporters.embedded.traffic.sessions import Fetch, File, heard, session

FILE = File(50_000_000, 4e6)


def fetched(way: Way, share: float, seed: int = 1) -> list[Fetch]:
    return [
        fetch for fetch in session(chance(seed), way, FILE, share) if fetch.range != "bytes=0-1"
    ]


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("share", [0.001, 0.3, 1.0])
def test_the_bodies_add_up_to_the_share_of_the_file(way: Way, share: float) -> None:
    for seed in range(30):
        requests = fetched(way, share, seed)
        assert sum(request.answer.sent for request in requests) == round(FILE.size * share)
        assert len(requests) <= 15


@pytest.mark.parametrize("way", [Way.PARTS, Way.APPLE, Way.BROWSER])
def test_ranges_go_on_where_the_last_answer_ended(way: Way) -> None:
    place = 0
    for request in fetched(way, 0.8):
        assert request.answer.status == 206
        assert request.range.startswith(f"bytes={place}-")
        assert request.answer.content_range.startswith(f"bytes {place}-")
        place += request.answer.sent


def test_apples_player_asks_for_two_bytes_first() -> None:
    first = next(session(chance(1), Way.APPLE, FILE, 1.0))
    assert (first.range, first.answer.sent) == ("bytes=0-1", 2)


def test_most_hear_all_and_some_hardly_a_minute() -> None:
    shares = [heard(chance(number)) for number in range(1_000)]
    assert 0.5 < sum(share == 1.0 for share in shares) / 1_000 < 0.7
    assert any(share < 0.01 for share in shares)
    assert all(0 < share <= 1 for share in shares)
