"""A crowd of these tests, and its lines read again."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from exporters.embedded.traffic import Crowd, Rates, Scenario, Weather
from exporters.embedded.traffic.faults import ROUND, Trouble

BORN = date(2026, 10, 9)
BROKEN = b'"hello"'
NOON = datetime(2026, 10, 9, 12, tzinfo=UTC)

QUIET = Rates(listeners=0.2, pages=10, feeds=2)


def weather(scenario: Scenario, trouble: Trouble | None = None) -> Weather:
    """The weather of a scenario; with a trouble, one that begins at noon."""
    if trouble is None:
        return Weather(scenario, NOON.timestamp())
    for second in range(int(ROUND)):
        found = Weather(scenario, NOON.timestamp() - second)
        if found.trouble(NOON.timestamp()) is trouble:
            return found
    raise AssertionError(f"{trouble} never comes")


def crowd(
    scenario: Scenario = Scenario.CALM,
    trouble: Trouble | None = None,
    *,
    at: datetime = NOON,
    rates: Rates = Rates(),  # noqa: B008 - frozen
    seed: int = 1,
) -> Crowd:
    return Crowd(BORN, at.timestamp(), weather(scenario, trouble), rates=rates, seed=seed)


def after(someone: Crowd, seconds: float, *, at: datetime = NOON) -> list[dict[str, Any]]:
    """What is written in so many seconds after the beginning."""
    return read(someone.until(at.timestamp() + seconds))


def read(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    """Return lines as objects, without those that are broken on purpose."""
    return [json.loads(line) for line in lines if BROKEN not in line]


def began(line: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(line["time"])
