"""Killed anywhere and begun again at the last cursor that was safe: each line once, in order."""

import os
import random

import pytest

from exporters.logs.cursor import Positions
from exporters.logs.reading import Lot, Reading
from tests.logs.engine_stream import NOW, Logged, S, sent, work

SOAK = os.environ.get("NEARFIELD_TEST_SOAK")
SEEDS = range(100) if SOAK else (*range(8), 44, 47)
"""With 44 and 47 lines came twice once, behind a clock that was set back."""
STEPS = {
    "ascending": (1, 1000),
    "equal": (0, 0, 0, 1),
    "set back": (10 * S, 10 * S, 10 * S, 1, -50 * S),
    "sparse": (1, 30 * S, 90 * S, 700 * S),
}
TRACE = ["Traceback (most recent call last):", "  File x", "KeyError: 1", "ERROR bad", "\tat x"]


def log(chance: random.Random, steps: tuple[int, ...], count: int) -> list[Logged]:
    """Return lines as an engine keeps them: numbered, some of them of stack traces."""
    time, lines = NOW, []
    for n in range(count):
        time += chance.choice(steps)
        kind = chance.choice(TRACE) if chance.random() < 0.3 else "line"
        stream = "stderr" if chance.random() < 0.1 else "stdout"
        lines.append(Logged(time, f"{kind} {n}", stream))
    return lines


def connection(
    chance: random.Random, lines: list[Logged], cursor: str, *, last: bool, multiline: bool
) -> list[Lot]:
    """Return what one connection brings: all, or what came until it broke."""
    positions = Positions.parse(cursor) if cursor else Positions.at(0)
    data = sent(lines, positions.since)
    reading = Reading(work(multiline=multiline, redact=()), positions)
    end = len(data) if last else chance.randrange(len(data) + 1)
    lots: list[Lot] = []
    at = 0
    while at < end:
        step = chance.choice([1, 40, 400, 4000])
        lots += reading.feed(data[at : min(end, at + step)])
        at += step
        if chance.random() < 0.1:
            lots += reading.flush()
    return [*lots, *reading.flush()] if last else lots


@pytest.mark.parametrize("multiline", [True, False], ids=["joined", "single"])
@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_each_line_is_handed_over_once(steps: tuple[int, ...], multiline: bool) -> None:
    for seed in SEEDS:
        chance = random.Random(seed)
        lines = log(chance, steps, 150)
        taken: list[tuple[str, str]] = []
        cursor = ""
        for life in range(8):
            so_far = lines if life == 7 else lines[: 20 * (life + 1)]
            lots = connection(chance, so_far, cursor, last=life == 7, multiline=multiline)
            safe = len(lots) if life == 7 else chance.randrange(len(lots) + 1)
            for lot in lots[:safe]:
                cursor = lot.cursor
                for entry in lot.edited.entries:
                    taken += ((entry.stream.stream, text) for text in entry.line.split("\n"))
        for stream in ("stdout", "stderr"):
            wanted = [line.text for line in lines if line.stream == stream]
            assert [text for name, text in taken if name == stream] == wanted, f"seed {seed}"
