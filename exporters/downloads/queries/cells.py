"""What the database gives in a cell, as a number or as the text of a label: pure, and quick."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from exporters.core.errors import SourceMalformed
from exporters.downloads.queries.model import Measure, Reading

Convert = Callable[[Any], float | None]
"""A cell to a number; None is no sample. KeyError and ValueError: not that kind of cell."""

_MILLISECONDS = {
    "ns": 1e-6,
    "us": 1e-3,
    "\u00b5s": 1e-3,  # the micro sign, and the Greek letter: Go reads both
    "\u03bcs": 1e-3,
    "ms": 1.0,
    "s": 1000.0,
    "m": 60_000.0,
    "h": 3_600_000.0,
}
_UNIT = "|".join(sorted(_MILLISECONDS, key=len, reverse=True))
_DURATION = re.compile(rf"([+-]?)((?:\d+\.?\d*(?:{_UNIT}))+)", re.ASCII)
_PART = re.compile(rf"(\d+\.?\d*)({_UNIT})", re.ASCII)


def _moment(value: datetime) -> float:
    # A timestamp without a zone is UTC, as the session is.
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


def _day(value: date) -> float:
    return datetime.combine(value, time(), UTC).timestamp()


def _nothing(_: None) -> None:
    """NULL is no sample: it is not 0."""


_NUMBERS: Mapping[type, Convert] = {
    int: float,
    float: float,
    bool: float,
    Decimal: float,
    timedelta: timedelta.total_seconds,
    datetime: _moment,
    date: _day,
    type(None): _nothing,
}


def number(value: object) -> float | None:
    """Return a number for int, float, numeric, bool, interval (seconds), date and timestamp.

    Moments are seconds since 1970. Text is a KeyError, even where it looks like a number.
    """
    return _NUMBERS[type(value)](value)


def lenient(value: object) -> float | None:
    """Return a number as `number` does, or that which a text spells."""
    return float(value) if type(value) is str else _NUMBERS[type(value)](value)


def duration(value: object) -> float | None:
    """Return milliseconds for `1h2m3.5s`, or for an interval; `-1` and NULL are no sample."""
    if value is None or value == "-1":
        return None
    if isinstance(value, timedelta):
        return value.total_seconds() * 1000
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return 0.0 if value == "0" else _NUMBERS[str](value)
    total = sum(float(digits) * _MILLISECONDS[unit] for digits, unit in _PART.findall(match[2]))
    return -total if match[1] == "-" else total


def converter(measure: Measure) -> Convert:
    """Return what reads a measure's cells; errors name the column and never quote the cell."""
    mapping = measure.mapping
    readings: Mapping[Reading, Convert] = {
        Reading.NUMBER: number,
        Reading.LENIENT: lenient,
        Reading.DURATION: duration,
        Reading.MAPPED: lambda value: None if value is None else mapping[value],
    }
    return readings[measure.reading]


def unfit(column: str, reading: Reading, value: object) -> SourceMalformed:
    """Return the error for a cell that no converter takes."""
    has = "text" if isinstance(value, str) else "something else"
    wanted = {
        Reading.DURATION: "a duration such as 1h2m3s",
        Reading.MAPPED: "a text of its metric_mapping",
    }.get(reading, "a number")
    return SourceMalformed(f"column {column} has {has} where {wanted} is wanted")


def label(value: object) -> str | None:
    """Return the text of a label: empty for NULL; None for what makes none (an array, JSON)."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | dict | tuple | bytes | memoryview):
        return None
    return str(value)  # numbers, uuid, addresses: as PostgreSQL writes them
