"""What counts after a change: good files as they are now, broken ones as they last were."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from exporters.core.definitions.model import Parsed, Placed


@dataclass(frozen=True, slots=True)
class Settled:
    """What one file gives from now on."""

    placed: tuple[Placed, ...]
    problems: tuple[str, ...]
    held: tuple[Placed, ...] | None
    """The last version without a problem; None where there never was one."""


def settle(
    files: Mapping[str, Parsed],
    before: Mapping[str, Settled],
    reserved: Collection[str] = (),
) -> dict[str, Settled]:
    """Return what each file gives; pure.

    A file with a problem gives its last version without one, whole, so that what was written
    together stays together. One that never had such a version gives what is good in it. A name
    belongs to the file that has it; among newcomers, to the first in the order of `files`.
    """
    broken = {file: parsed.problems for file, parsed in files.items() if parsed.problems}
    while True:
        claims = _Claims(reserved)
        result: dict[str, Settled] = {}
        for file in sorted(files, key=lambda file: _is_new(file, files, before, broken)):
            held = before[file].held if file in before else None
            if file in broken and held is not None:
                claims.take(held)
                result[file] = Settled(held, broken[file], held)
                continue
            good, clashes = claims.admit(files[file].placed)
            if clashes and held is not None:
                broken[file] = clashes
                break  # it falls back to names that others may have been given by now
            problems = (*broken.get(file, ()), *clashes)
            result[file] = Settled(good, problems, held if problems else good)
        else:
            return {file: result[file] for file in files}


def _is_new(
    file: str,
    files: Mapping[str, Parsed],
    before: Mapping[str, Settled],
    broken: Collection[str],
) -> bool:
    """Whether a file brings anything that it has not already."""
    if file not in before:
        return True
    return file not in broken and files[file].placed != before[file].held


class _Claims:
    """Who has which name: entries among each other, and metrics among each other."""

    def __init__(self, reserved: Collection[str]) -> None:
        self._reserved = reserved
        self._entries: dict[str, str] = {}
        self._samples: dict[str, str] = {}

    def take(self, placed: Iterable[Placed]) -> None:
        for one in placed:
            self._entries[one.definition.name] = one.file
            self._samples |= dict.fromkeys(one.definition.samples, one.file)

    def admit(self, placed: Iterable[Placed]) -> tuple[tuple[Placed, ...], tuple[str, ...]]:
        """Take what is free; return it, and a line for each that is not."""
        good, clashes = [], []
        for one in placed:
            clash = self._clash(one)
            if clash:
                clashes.append(one.problem(clash))
            else:
                good.append(one)
                self.take((one,))
        return tuple(good), tuple(clashes)

    def _clash(self, one: Placed) -> str:
        if one.definition.name in self._entries:
            return f"the name is taken by {self._entries[one.definition.name]}"
        for sample in one.definition.samples:
            if sample in self._reserved:
                return f"{sample} is a metric of Nearfield itself"
            if sample in self._samples:
                return f"{sample} is defined already, in {self._samples[sample]}"
        return ""
