"""What the digest says, read as people read it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from exporters.digest.model import Outages, first_day, latest
from exporters.digest.words import change, message, span
from exporters.ledger.digests import Launch, ShowWeek, Week
from exporters.slack.settings import parse_weekly

MONDAY = parse_weekly("Mon 08:00")

FULL = Week(
    date(2026, 9, 28),
    (
        ShowWeek("drumlinlane", 8200, 7000),
        ShowWeek("b&b", 3100, 3400),
        ShowWeek("new", 900, 0),
        *(ShowWeek(f"small{n}", 50, 50) for n in range(4)),
    ),
    Launch("drumlinlane", "112", "Cats <3 & dogs", 3210),
    (("US", 600), ("DE", 250), ("GB", 150)),
)


def test_a_full_week_is_one_plain_message() -> None:
    outages = Outages({"DatabaseDown": 12.0, "OutsideDown": 71.0}, 338.6)
    assert message(FULL, outages).text.splitlines() == [
        "*28 September to 4 October: 12,400 downloads, 17 % more than the week before.*",
        (
            "• Shows: drumlinlane 8,200 (17 % more); b&amp;b 3,100 (9 % fewer); new 900;"
            " small0 50 (no more and no less); small1 50 (no more and no less); and 2 more."
        ),
        (
            "• Best launch: drumlinlane 112 “Cats &lt;3 &amp; dogs”,"
            " 3,210 downloads by the end of the week."
        ),
        "• Countries: US 60 %, DE 25 %, GB 15 %.",
        "• Outages: OutsideDown 1 h 11 min, DatabaseDown 12 min. They cost about 339 downloads.",
    ]


def test_a_first_week_has_nothing_to_compare_with_and_says_only_what_it_knows() -> None:
    week = Week(date(2026, 10, 5), (ShowWeek("a", 1, 0),), None, ())
    assert message(week, None).text == "*5 October to 11 October: 1 download.*"
    assert message(week, Outages({}, 0.0)).text.endswith("\n• No outages.")


def test_a_message_is_short_whatever_the_week_was() -> None:
    week = Week(
        date(2026, 10, 5),
        tuple(ShowWeek("s" * 60 + str(n), 9_999_999, 1) for n in range(500)),
        Launch("s" * 60, "e" * 60, "t" * 5000, 1),
        tuple((f"{n:03}", 1) for n in range(200)),
    )
    outages = Outages({f"Alert{n}": 9999.0 for n in range(90)}, 1e9)
    assert len(message(week, outages).text) < 1500


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        (110, 100, "10 % more"),
        (90, 100, "10 % fewer"),
        (100, 100, "no more and no less"),
        (5, 0, ""),
    ],
)
def test_a_change_is_told_in_words(now: int, before: int, told: str) -> None:
    assert change(now, before) == told


def test_spans_are_told_as_people_do() -> None:
    assert [span(m) for m in (0.2, 4, 60, 65)] == ["1 min", "4 min", "1 h", "1 h 5 min"]


@pytest.mark.parametrize("hours", range(0, 24 * 16, 5))
def test_the_latest_digest_is_less_than_a_week_ago_and_at_its_hour(hours: int) -> None:
    zone = ZoneInfo("America/Chicago")
    now = datetime(2026, 10, 20, 3, tzinfo=UTC) + timedelta(hours=hours)  # clocks change on the way
    due = latest(now, MONDAY, zone)
    assert timedelta(0) <= now - due < timedelta(days=7, hours=1)
    local = due.astimezone(zone)
    assert (local.weekday(), local.hour, local.minute) == (0, 8, 0)


def test_the_week_is_the_seven_whole_days_before_it_is_due() -> None:
    assert first_day(datetime(2026, 10, 12, 8, tzinfo=UTC)) == date(2026, 10, 5)
