"""`nearfield report`: what the ledger says of each episode, as a table, JSON or CSV."""

import csv
import io
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from exporters import offline
from exporters.core.errors import SettingsError, SourceMismatch, StartError
from exporters.ledger.reads import ReportRow, read_report

COLUMNS = (
    "podcast",
    "episode",
    "downloads",
    "listeners",
    "bytes",
    "file_equivalents",
    "requests",
)
_NAMES = 2
"""How many of the columns are text."""
DEADLINE = 300.0
"""Seconds: ten years of hours of a thousand episodes take some."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for. Days are UTC; `end` is the first day that is not in it."""

    first: date
    end: date
    podcast: str | None
    form: str


async def run(
    question: Question, file: Path | None, data_dir: Path | None, environ: Mapping[str, str]
) -> None:
    """Print a row for each episode with requests on those days.

    Episodes that were measured at an assumed bitrate are named on standard error. Raises
    SettingsError, StartError and SourceError.
    """
    if question.end <= question.first:
        raise SettingsError(["--to: wants a day after --from: it is the first that is left out"])
    settings = offline.read_settings(file, data_dir, environ)
    async with offline.existing_ledger(settings) as database:
        try:
            rows = await read_report(
                database, question.first, question.end, question.podcast, deadline=DEADLINE
            )
        except SourceMismatch as error:
            raise StartError(
                "the ledger is empty or of another version: run `nearfield run` or `nearfield"
                " backfill` on it first"
            ) from error
    sys.stdout.write(FORMS[question.form](rows))
    sys.stdout.flush()
    sys.stderr.writelines(_notes(question, rows, settings.fastly.counting.bitrate))


def _notes(question: Question, rows: Sequence[ReportRow], bitrate: int) -> list[str]:
    if not rows:
        who = f" of {question.podcast}" if question.podcast else ""
        return [f"nearfield: no requests{who} from {question.first} to before {question.end}\n"]
    assumed = [f"{row.podcast}/{row.episode}" for row in rows if row.assumed]
    if not assumed:
        return []
    names = ", ".join(assumed)
    told = f"at an assumed {bitrate // 1000} kbit/s, since nobody told size and duration"
    return [f"nearfield: measured {told}: {names}\n"]


def _values(row: ReportRow) -> tuple[Any, ...]:
    return tuple(getattr(row, column) for column in COLUMNS)


def as_json(rows: Sequence[ReportRow]) -> str:
    """Return a list of objects: numbers are numbers, names are strings, unknown is null."""
    objects = [dict(zip(COLUMNS, _values(row), strict=True)) for row in rows]
    return json.dumps(objects, ensure_ascii=False, indent=2) + "\n"


def as_csv(rows: Sequence[ReportRow]) -> str:
    """Return CSV with a header; unknown is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_values(row) for row in rows)
    return text.getvalue()


def as_table(rows: Sequence[ReportRow]) -> str:
    """Return columns for people: names to the left, numbers to the right, unknown is `-`."""
    cells = [COLUMNS, *(tuple(map(_cell, _values(row))) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "".join(f"{_line(cell, widths)}\n" for cell in cells)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    sides = (
        f"{cell:<{width}}" if place < _NAMES else f"{cell:>{width}}"
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(sides).rstrip()


FORMS: Mapping[str, Callable[[Sequence[ReportRow]], str]] = {
    "table": as_table,
    "json": as_json,
    "csv": as_csv,
}
