"""Rows become values: pure parsing, whatever the app has in them."""

from decimal import Decimal

import pytest

from exporters.downloads.model import email_subscribers, episode, rss_subscribers, show


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (1, "soon"),
        (2.0, "publishing"),
        (Decimal(3), "inactive"),
        (4, "archived"),
        (5, "5"),
        (2.5, "2.5"),
        (float("nan"), ""),
    ],
)
def test_a_state_has_the_apps_word_and_a_new_one_its_number(number: float, word: str) -> None:
    assert show(("ship", "Ship It", number, None)).status == word


def test_an_unknown_count_stays_unknown() -> None:
    found = episode(("ship", "1", None, None, 12.5, None, None, None, None))
    assert (found.title, found.type, found.published_at) == (None, "", 12.5)
    assert (found.audio_bytes, found.duration, found.downloads, found.listeners) == (None,) * 4


def test_numbers_of_any_kind_are_floats() -> None:
    found = episode(("ship", "1", "One", 0, Decimal("1.5"), 5, Decimal(60), 1.25, 7))
    values = (found.published_at, found.audio_bytes, found.duration, found.downloads)
    assert [type(value) for value in values] == [float] * 4


@pytest.mark.parametrize(
    "apps",
    [
        None,
        [],
        "Overcast",
        7,
        {"Overcast": None},
        {"Overcast": True},
        {"Overcast": "12"},
        {"Overcast": -1},
        {"Overcast": float("inf")},
        {"Overcast": float("nan")},
        {"Overcast": 10**400},
        {"Overcast": {"count": 1}},
    ],
)
def test_what_is_no_count_of_subscribers_is_passed_over(apps: object) -> None:
    assert list(rss_subscribers(("ship", apps))) == []


def test_subscribers_are_counted_by_app_and_kind() -> None:
    [rss] = rss_subscribers(("ship", {"Overcast": 12}))
    email = email_subscribers(("ship", 7))
    assert (rss.podcast, rss.kind, rss.app, rss.count) == ("ship", "rss", "Overcast", 12.0)
    assert (email.podcast, email.kind, email.app, email.count) == ("ship", "email", "", 7.0)
