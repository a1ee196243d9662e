"""When a digest is due, and what outages a week had. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from exporters.slack.settings import Weekly


@dataclass(frozen=True, slots=True)
class Outages:
    """What broke for listeners in a week."""

    minutes: Mapping[str, float]
    """How long each critical alert fired, by its name."""
    lost: float
    """Downloads that were missing meanwhile, against the same hours of other weeks."""


def latest(now: datetime, moment: Weekly, zone: tzinfo) -> datetime:
    """Return the last time, not after `now`, that a digest was due; in UTC.

    By the wall clock of `zone`: an hour that a change of clocks leaves out comes an hour later.
    """
    today = now.astimezone(zone).date()
    back = (today.weekday() - moment.weekday) % 7
    for days in (back, back + 7):
        due = _at(today - timedelta(days=days), moment, zone)
        if due <= now:
            break
    return due


def _at(day: date, moment: Weekly, zone: tzinfo) -> datetime:
    local = datetime.combine(day, time(moment.hour, moment.minute), zone)
    return local.astimezone(UTC)


def first_day(due: datetime) -> date:
    """Return the first of the seven whole UTC days before a digest is due."""
    return due.astimezone(UTC).date() - timedelta(days=7)
