"""How many listen: launch curve, long tail, growth, weekday and season, as plain arithmetic.

`stats.sql` computes the same expression over tables that `load` fills from here, and adds noise; a
test holds the two together. Only + - * / are used, so that every machine gets the same bits.
"""

from datetime import date, timedelta

WINDOW_DAYS = 730
OUTAGE_DAYS_AGO = 45
YEAR = 365.0

# Monday to Sunday: people listen on their way to work.
_WEEKDAYS = (1.06, 1.12, 1.09, 1.04, 0.97, 0.79, 0.76)
# January to December: summers and the turn of the year are quiet.
_MONTHS = (0.98, 1.03, 1.04, 1.02, 1.0, 0.97, 0.91, 0.92, 1.02, 1.05, 1.04, 0.9)


def shape(age: int, tail: float) -> float:
    """Return the share of `scale` that falls on the day `age` days after publication.

    The launch halves within a day and a half and is over in a month; `tail` is what is left of the
    first day then, and halves in two months, and again in four.
    """
    return 1.0 / (1.0 + age * (0.6 + 0.25 * age)) + tail / (1.0 + age / 60.0)


def growth(yearly: float, day: date, born: date) -> float:
    """Return the audience of `day` as a multiple of that on `born`, never under a fifth."""
    return max(0.2, 1.0 + yearly * (day - born).days / YEAR)


def day_factor(day: date, born: date) -> float:
    """Return what weekday, season and the one outage of the sample do to `day`."""
    factor = _WEEKDAYS[day.weekday()] * _MONTHS[day.month - 1]
    if (day.month, day.day) >= (12, 23) or (day.month, day.day) <= (1, 2):
        factor *= 0.7
    since_outage = OUTAGE_DAYS_AGO - (born - day).days
    return factor * {0: 0.45, 1: 1.15}.get(since_outage, 1.0)


def first_day_factor(hour: int) -> float:
    """Return the part of a full first day that is left when an episode appears at `hour` UTC."""
    return 0.3 + 0.7 * (24 - hour) / 24.0


def day_factors(first: date, last: date, born: date) -> list[tuple[date, float]]:
    """Return each day from `first` to `last`, both included, with its factor."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [(day, day_factor(day, born)) for day in days]
