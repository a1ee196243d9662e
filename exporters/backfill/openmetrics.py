"""History as OpenMetrics, for `promtool tsdb create-blocks-from openmetrics`."""

import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from exporters.core.errors import SettingsError, StartError

COMMAND = "promtool tsdb create-blocks-from openmetrics --max-block-duration=768h"
"""Blocks of 32 days: promtool's own take 2 hours each, and it reads the file once for each."""

Sum = tuple[tuple[str, ...], int, int]
"""Label values, hour since 1970, what the hour adds. Series by series, hours in order."""

_HOUR = 3600
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_TAKEN = {"podcast", "episode", "outcome", "host", "pop", "status", "cache"}
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def parse_labels(pairs: Sequence[str]) -> list[tuple[str, str]]:
    """Return the labels of `name=value` pairs. Raises SettingsError with every problem."""
    labels, problems = dict[str, str](), list[str]()
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not _LABEL.fullmatch(name) or name.startswith("__"):
            problems.append(f"--label {pair}: wants name=value, such as job=nearfield")
        elif name in _TAKEN or name in labels:
            problems.append(f"--label {pair}: the label {name} is taken")
        labels[name] = value
    if problems:
        raise SettingsError(problems)
    return list(labels.items())


class Writer:
    """Writes a file of counters; it has its name when it is whole, and not before.

    A counter has a sample for every hour of each UTC day on which it moved, at the hour's end, and
    one at the beginning of the day: so what a day or an hour added can be asked for. Raises
    StartError where it cannot be written.
    """

    def __init__(self, path: Path, labels: Sequence[tuple[str, str]]) -> None:
        self._path, self._new = path, path.with_name(f"{path.name}.new")
        self._labels = labels
        self._out: TextIO

    def __enter__(self) -> Self:
        try:
            self._out = self._new.open("w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise self._told(error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with self._out:
                self._out.write("# EOF\n")
            if kind is None:
                self._new.replace(self._path)
            else:
                self._new.unlink()
        except OSError as problem:
            raise self._told(problem) from problem

    async def family(
        self, name: str, help_text: str, names: Sequence[str], sums: AsyncIterator[Sum]
    ) -> None:
        """Write a counter; `name` ends in `_total`."""
        base = name.removesuffix("_total")
        self._write(f"# HELP {base} {help_text}\n# TYPE {base} counter\n")
        series: list[Sum] = []
        async for each in sums:
            if series and series[0][0] != each[0]:
                self._series(name, names, series)
                series = []
            series.append(each)
        if series:
            self._series(name, names, series)

    def _series(self, name: str, names: Sequence[str], sums: Sequence[Sum]) -> None:
        pairs = [*zip(names, sums[0][0], strict=True), *self._labels]
        labels = ",".join(f'{key}="{value.translate(_ESCAPES)}"' for key, value in pairs)
        head = f"{name}{{{labels}}}"
        hours = ((hour, added) for _, hour, added in sums)
        self._write("".join(f"{head} {value} {at}\n" for at, value in samples(hours)))

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
        except OSError as error:
            raise self._told(error) from error

    def _told(self, error: OSError) -> StartError:
        reason = (error.strerror or "not possible").lower()
        return StartError(f"--openmetrics: {self._path}: cannot be written: {reason}")


def samples(sums: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield time in seconds and value of a counter's samples, given hours and what they add.

    A sum that steps back (a late line has joined two windows) waits until it has caught up.
    """
    total = shown = 0
    last = -1
    for day, hours in groupby(sums, key=lambda each: each[0] // 24):
        added = dict(hours)
        for hour in range(day * 24, day * 24 + 25):
            # The sum of an hour is there at its end.
            total += added.get(hour - 1, 0)
            shown = max(shown, total)
            if hour > last:
                yield hour * _HOUR, shown
        last = day * 24 + 24
