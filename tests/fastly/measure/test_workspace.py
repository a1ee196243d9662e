"""Rows are held in memory where they fit, and may go to disk where they do not."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters.fastly.measure.workspace import MeasureError, Workspace

MEMORY = 1 << 26
SMALL, LARGE = MEMORY // 2, MEMORY // 2 + 1
NUMBERS = "SELECT i, 'text ' || i AS text FROM range($count::BIGINT) AS numbers (i)"
SUMS = "SELECT count(*), sum(i), max(text) FROM numbers WHERE i % 2 = 0"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace(tmp_path / "scratch", memory_bytes=MEMORY, threads=1) as opened:
        yield opened


def tables(workspace: Workspace) -> int:
    ((number,),) = workspace.rows("SELECT count(*) FROM duckdb_tables()")
    return int(number)


def test_rows_are_the_same_however_they_are_kept(workspace: Workspace) -> None:
    for count, size in [(10, SMALL), (20, LARGE), (30, LARGE), (40, SMALL), (50, SMALL)]:
        workspace.keep("numbers", NUMBERS, {"count": count}, size)
        half = count // 2
        assert workspace.rows(SUMS) == [(half, half * (half - 1), f"text {min(count - 2, 8)}")]
        assert tables(workspace) == (size == LARGE)


def test_what_fails_is_told_and_leaves_nothing(workspace: Workspace) -> None:
    for size in (SMALL, LARGE):
        workspace.keep("numbers", NUMBERS, {"count": 10}, size)
        with pytest.raises(MeasureError, match="DuckDB cannot measure: ConversionException"):
            workspace.keep("numbers", "SELECT $text::INTEGER AS i", {"text": "secret"}, size)
        assert tables(workspace) == 0
        workspace.keep("numbers", NUMBERS, {"count": 10}, size)
        assert workspace.rows(SUMS) == [(5, 20, "text 8")]


def test_rows_beyond_the_memory_go_to_disk(workspace: Workspace, tmp_path: Path) -> None:
    wide = "SELECT i, repeat(i::VARCHAR, 30) AS text FROM range($count::BIGINT) AS numbers (i)"
    workspace.keep("numbers", wide, {"count": 1_000_000}, LARGE)
    assert any((tmp_path / "scratch").iterdir())
    assert workspace.rows("SELECT count(*) FROM numbers") == [(1_000_000,)]


def test_what_is_free_is_returned_rarely_where_rows_are_few(workspace: Workspace) -> None:
    for size, limit in [(SMALL, "128.0 MiB"), (LARGE, "64.0 MiB"), (SMALL, "128.0 MiB")]:
        workspace.keep("numbers", NUMBERS, {"count": 10}, size)
        assert workspace.rows("SELECT current_setting('memory_limit')") == [(limit,)]


def test_the_allocator_was_told_how_to_work_and_nobody_else() -> None:
    told = "import exporters.fastly.measure.workspace, _duckdb, ctypes, os;"
    told += "ask = getattr(ctypes.CDLL(_duckdb.__file__), 'duckdb_je_mallctl', None);"
    told += "decay, size = ctypes.c_ssize_t(0 if ask else 30000), ctypes.c_size_t(8);"
    told += "ask and ask(b'opt.dirty_decay_ms', ctypes.byref(decay), ctypes.byref(size), None, 0);"
    told += "print(decay.value, 'DUCKDB_JE_MALLOC_CONF' in os.environ)"
    done = subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, text=True)
    assert done.stdout == "30000 False\n"
