"""Rejected lines are counted, and the latest are kept in bounded files."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exporters.fastly.bodies import TooLong
from exporters.fastly.quarantine import Quarantine, Rejected
from exporters.fastly.quarantine.quarantine import AT_A_TIME

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def quarantine(folder: Path, quota: int = 10**6) -> Quarantine:
    return Quarantine(folder, quota, ["malformed"], ["https"], now=lambda: NOON)


def records(folder: Path) -> list[dict[str, str]]:
    files = sorted(folder.iterdir(), reverse=True)  # `.3` is the oldest
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def sizes(folder: Path) -> list[int]:
    return [path.stat().st_size for path in folder.iterdir()]


async def test_a_line_is_kept_with_its_reason_and_without_its_address(tmp_path: Path) -> None:
    await quarantine(tmp_path / "q").keep("https", [Rejected("malformed", b'198.51.100.7 "\xff')])
    assert records(tmp_path / "q") == [
        {
            "time": "2026-01-02T12:00:00+00:00",
            "source": "https",
            "reason": "malformed",
            "line": '0.0.0.0 "\N{REPLACEMENT CHARACTER}',
        }
    ]


def test_every_reason_begins_at_0(tmp_path: Path) -> None:
    rejected = quarantine(tmp_path).rejected
    assert rejected.value(("https", "malformed")) == 0
    assert rejected.value(("https", "too_long")) == 0


async def test_long_lines_are_counted_and_some_are_kept(tmp_path: Path) -> None:
    lines = TooLong()
    for _ in range(100):
        lines.add(b"x" * 5000)
    one = quarantine(tmp_path)
    await one.too_long("https", lines)
    assert one.rejected.value(("https", "too_long")) == 100
    assert 0 < len(records(tmp_path)) < 20


async def test_the_files_are_bounded_and_hold_the_latest(tmp_path: Path) -> None:
    one = quarantine(tmp_path, quota=40_000)
    for number in range(500):
        await one.keep("https", [Rejected("malformed", b"%d " % number + b"x" * 500)])
    assert len(sizes(tmp_path)) == 4
    assert sum(sizes(tmp_path)) <= 40_000
    numbers = [int(record["line"].split()[0]) for record in records(tmp_path)]
    assert numbers == list(range(500 - len(numbers), 500))
    assert len(numbers) > 40


async def test_of_many_lines_together_some_are_kept(tmp_path: Path) -> None:
    await quarantine(tmp_path).keep("https", [Rejected("malformed", b"x")] * 5000)
    assert len(records(tmp_path)) == AT_A_TIME


async def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    await quarantine(tmp_path / "q").keep("https", [Rejected("malformed", b"x")])
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "q").iterdir()] == [0o600]
    assert stat.S_IMODE((tmp_path / "q").stat().st_mode) == 0o700


async def test_a_folder_that_cannot_be_used_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    one = quarantine(tmp_path / "file")
    for _ in range(3):
        await one.keep("https", [Rejected("malformed", b"x")])
    assert len(caplog.records) == 1
