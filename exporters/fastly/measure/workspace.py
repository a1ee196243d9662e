"""The DuckDB that measures: in memory, for one chunk of lines at a time, bounded."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from exporters.core.errors import NearfieldError, StartError
from exporters.fastly.measure.duck import duckdb

_EXPECTED = (
    duckdb.DataError,
    duckdb.OperationalError,
    duckdb.InvalidInputException,
    duckdb.InterruptException,
)

_ROWS = 2048
_PARSED = 128
"""Statements that are kept parsed: those of a chunk, for some formats."""


class MeasureError(NearfieldError):
    """The lines of a segment cannot be measured: no memory, no disk, a pattern of the settings."""


@cache
def statement(name: str) -> str:
    """Return a statement of `sql/`."""
    return (files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")


class Workspace:
    """One connection to a DuckDB of its own; used by one thread at a time.

    What does not fit `memory_bytes` is written to the folder `scratch`, which is its own; where the
    rows that are kept fit in half of it, what does not fit twice as much. Raises StartError where
    the folder cannot be made, MeasureError later, and never shows a line in either.
    """

    def __init__(self, scratch: Path, *, memory_bytes: int, threads: int) -> None:
        self.scratch = scratch
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "threads": threads,
            "memory_limit": _kib(memory_bytes),
            "temp_directory": str(scratch),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        self._memory = self._limit = memory_bytes
        self._held: set[str] = set()
        self._parsed: dict[str, duckdb.Statement] = {}

    def __enter__(self) -> Self:
        self._make_scratch()
        self._duck = duckdb.connect(":memory:", config=self._config)
        self.run("SET TimeZone = 'UTC'")
        self._limit = self._memory
        return self

    def _make_scratch(self) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        try:
            self.scratch.mkdir(mode=0o700, parents=True)
        except OSError as error:
            reason = (error.strerror or "not possible").lower()
            raise StartError(f"cannot make the folder {self.scratch}: {reason}") from error

    def __exit__(self, *_: object) -> None:
        self._parsed.clear()
        self._held.clear()
        self._duck.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def run(self, sql: str, parameters: dict[str, Any] | None = None) -> None:
        """Run a statement."""
        self.rows(sql, parameters)

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[Any]:
        """Return the rows of a statement."""
        try:
            return self._execute(sql, parameters).fetchall()
        except _EXPECTED as error:
            # What DuckDB says may quote a line, and with it somebody's address.
            raise MeasureError(f"DuckDB cannot measure: {type(error).__name__}") from error

    def each(self, sql: str, parameters: dict[str, Any] | None = None) -> Iterator[Any]:
        """Yield the rows of a statement, few in memory at a time; run no other meanwhile."""
        try:
            found = self._execute(sql, parameters)
            while rows := found.fetchmany(_ROWS):
                yield from rows
        except _EXPECTED as error:
            raise MeasureError(f"DuckDB cannot measure: {type(error).__name__}") from error

    # As a text: DuckDB complains at exit where an annotation keeps one of its types.
    def _execute(self, sql: str, parameters: dict[str, Any] | None) -> "duckdb.DuckDBPyConnection":
        return self._duck.execute(self._parse(sql), parameters)

    def _parse(self, sql: str) -> "duckdb.Statement":
        """Return a statement; it is kept, since the same ones are asked for each chunk.

        Parsing is a fifth of what one costs beside its rows.
        """
        parsed = self._parsed.get(sql)
        if parsed is None:
            (parsed,) = self._duck.extract_statements(sql)
            if len(self._parsed) == _PARSED:
                self._parsed.clear()
            self._parsed[sql] = parsed
        return parsed

    def keep(self, name: str, sql: str, parameters: dict[str, Any], size: int) -> None:
        """Make the rows of a query a table; all of them are `size` bytes, or less.

        They are held as they are where half the memory is enough for them. To write a table that
        may go to `scratch` takes three times as long.
        """
        self._drop(name)
        held = size <= self._memory // 2
        # DuckDB returns all that is free to the system when that and what is used pass the limit:
        # for rows of which it is known that they are few, twice as much makes that rare.
        self._set_limit(self._memory * (2 if held else 1))
        if not held:
            self.run(f"CREATE TEMP TABLE {name} AS {sql}", parameters)
            return
        try:
            rows = self._duck.sql(self._parse(sql), params=parameters).materialize()
            self._duck.register(name, rows)
        except _EXPECTED as error:
            raise MeasureError(f"DuckDB cannot measure: {type(error).__name__}") from error
        self._held.add(name)

    def _set_limit(self, size: int) -> None:
        if size != self._limit:
            self.run(f"SET memory_limit = '{_kib(size)}'")
            self._limit = size

    def _drop(self, name: str) -> None:
        if name in self._held:
            self._duck.unregister(name)
            self._held.remove(name)
        else:
            self.run(f"DROP TABLE IF EXISTS {name}")

    def interrupt(self) -> None:
        """End what another thread runs here."""
        self._duck.interrupt()

    def table(self, name: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
        """Make a table of these rows; `columns` are names with DuckDB's types."""
        values = list(zip(*rows, strict=True)) or [()] * len(columns)
        # As JSON, which DuckDB takes ten times as fast as lists of Python's.
        lists = {column: json.dumps(value) for column, value in zip(columns, values, strict=True)}
        unnested = ", ".join(
            f"unnest(from_json(${column}, '[\"{kind}\"]')) AS {column}"
            for column, kind in columns.items()
        )
        self.run(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {unnested}", lists)


def _kib(size: int) -> str:
    return f"{size // 1024}KiB"
