"""The CSV of episodes: `podcast,episode,audio_bytes,duration_seconds,published_at`."""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from exporters.core.errors import SettingsError
from exporters.ledger import EpisodeFacts

COLUMNS = ("podcast", "episode", "audio_bytes", "duration_seconds", "published_at")
_LARGEST = 2**53


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that says nothing usable; `problem` names file, line and column."""

    problem: str


def read_episodes(file: Path) -> list[EpisodeFacts | BadRow]:
    """Return what each row says; an empty field says nothing.

    A time without its zone is UTC. Raises SettingsError where the file cannot be read as a CSV
    with these columns.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            return list(_rows(file, csv.DictReader(text, strict=True)))
    except OSError as error:
        reason = (error.strerror or "not possible").lower()
        raise SettingsError([f"--episodes: {file}: cannot be read: {reason}"]) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise SettingsError([f"--episodes: {file}: is not CSV in UTF-8"]) from error


def _rows(file: Path, reader: "csv.DictReader[str]") -> Iterator[EpisodeFacts | BadRow]:
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        names = ", ".join(missing)
        raise SettingsError([f"--episodes: {file}: its first line lacks the columns {names}"])
    for row in reader:
        try:
            yield _facts({name: (row[name] or "").strip() for name in COLUMNS})
        except ValueError as error:
            yield BadRow(f"{file}, line {reader.line_num}: {error}")


def _facts(row: Mapping[str, str]) -> EpisodeFacts:
    return EpisodeFacts(
        _name(row, "podcast"),
        _name(row, "episode"),
        None,
        _size(row["audio_bytes"]),
        _seconds(row["duration_seconds"]),
        _moment(row["published_at"]),
    )


def _name(row: Mapping[str, str], column: str) -> str:
    if not row[column]:
        raise ValueError(f"{column} is missing")
    if not row[column].isprintable():
        raise ValueError(f"{column} wants printable text")
    return row[column]


def _size(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < _LARGEST:
        raise ValueError("audio_bytes wants a whole number over zero")
    return int(text)


def _seconds(text: str) -> float | None:
    if not text:
        return None
    problem = "duration_seconds wants a number over zero"
    try:
        seconds = float(text)
    except ValueError:
        raise ValueError(problem) from None
    if not 0 < seconds < math.inf:
        raise ValueError(problem)
    return seconds


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("published_at wants a time such as 2026-10-09T08:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
