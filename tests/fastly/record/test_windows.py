"""The three windows of PTMG 5.5.1."""

from pathlib import Path

import pytest

from exporters.ledger.model import Window
from tests.fastly.traffic import NOON, Counting, counting, part, request

MONDAY = NOON.replace(day=5)
TIMES = (
    MONDAY.replace(hour=22),
    MONDAY.replace(day=6, hour=3),
    MONDAY.replace(day=6, hour=22, minute=15),
    MONDAY.replace(day=7, hour=23, minute=15),
)
# The worked table of the text: which of the four count.
TABLE: dict[Window, tuple[int, ...]] = {
    "calendar": (1, 1, 0, 1),
    "first-touch": (1, 0, 1, 1),
    "last-touch": (1, 0, 0, 1),
}


async def by_day(state: Counting) -> dict[str, int]:
    return {day[-2:]: n for (day, _), n in (await state.downloads()).items()}


@pytest.mark.parametrize("window", TABLE)
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
async def test_the_worked_table_holds_in_any_order(
    database: str, tmp_path: Path, window: Window, order: tuple[int, ...]
) -> None:
    async with counting(database, tmp_path, window=window) as count:
        count.now = TIMES[-1]
        for n in order:
            await count.send(request(time=TIMES[n].isoformat()))
        wanted: dict[str, int] = {}
        for at, counts in zip(TIMES, TABLE[window], strict=True):
            wanted[f"{at:%d}"] = wanted.get(f"{at:%d}", 0) + counts
        assert await by_day(count) == {day: n for day, n in wanted.items() if n}
        outcomes = await count.outcomes()
        assert outcomes["counted"] == sum(TABLE[window])
        assert sum(outcomes.values()) == len(TIMES)


async def test_one_segment_counts_as_four(database: str, tmp_path: Path) -> None:
    async with counting(database, tmp_path, window="last-touch") as count:
        count.now = TIMES[-1]
        await count.send(*(request(time=at.isoformat()) for at in TIMES))
        assert await by_day(count) == {"05": 1, "07": 1}


async def test_a_rolling_window_puts_parts_together_over_midnight(
    database: str, tmp_path: Path
) -> None:
    async with counting(database, tmp_path, window="first-touch") as count:
        late = MONDAY.replace(hour=23, minute=59)
        count.now = late.replace(day=6, hour=12)
        await count.send(part(0, 900_000, time=late.isoformat()))
        await count.send(part(900_000, 60_000, time=late.replace(day=6, hour=0).isoformat()))
        assert await by_day(count) == {"06": 1}


async def test_a_live_counter_waits_where_a_late_line_makes_two_windows_one(
    database: str, tmp_path: Path
) -> None:
    async with counting(database, tmp_path, window="last-touch") as count:
        first, third = MONDAY.replace(hour=22), MONDAY.replace(day=6, hour=23)
        count.now = first
        await count.send(request(time=first.isoformat()))
        count.now = third
        await count.send(request(time=third.isoformat()))
        assert await count.live("downloads") == {"1": 2}
        await count.send(request(time=MONDAY.replace(day=6, hour=12).isoformat()))
        assert await by_day(count) == {"05": 1}
        assert await count.live("downloads") == {"1": 2}
        await count.send(request(time=third.isoformat(), client_ip="192.0.2.9"))
        assert await count.live("downloads") == {"1": 2}
        await count.send(request(time=third.isoformat(), client_ip="192.0.2.10"))
        assert await count.live("downloads") == {"1": 3}
