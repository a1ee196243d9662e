"""Days: opened by a line, closed for good, opened afresh for another show."""

from datetime import timedelta

import pytest

from exporters.ledger import DayClosed
from tests.fastly.traffic import NOON, Counting, request

OTHER = "/uploads/other/1/other-1.mp3"


async def close(count: Counting) -> None:
    count.now = NOON + timedelta(days=5)
    assert len(await count.ledger.tidy(count.now)) == 1


async def test_a_day_stays_open_72_hours_after_its_end(count: Counting) -> None:
    await count.send(request())
    count.now = NOON.replace(day=12, hour=23, minute=59)
    assert await count.ledger.tidy(count.now) == []
    await count.send(request(client_ip="192.0.2.2"))
    assert await count.downloads() == {("2026-10-09", "1"): 2}


async def test_a_day_stays_open_72_hours_after_its_last_line(count: Counting) -> None:
    await count.send(request())
    count.now = NOON.replace(day=12)
    await count.send(request(client_ip="192.0.2.2"))
    assert await count.ledger.tidy(NOON.replace(day=15, hour=11)) == []
    assert len(await count.ledger.tidy(NOON.replace(day=15, hour=13))) == 1


async def test_a_closed_day_has_neither_key_nor_listeners_and_keeps_its_sums(
    count: Counting,
) -> None:
    await count.send(request())
    await close(count)
    assert await count.rows("SELECT key FROM nearfield.days") == [(None,)]
    assert await count.value("SELECT count(*) FROM nearfield.listeners") == 0
    assert await count.value("SELECT to_regclass('nearfield.listeners_20261009')") is None
    assert await count.downloads() == {("2026-10-09", "1"): 1}


@pytest.mark.parametrize("opened", [True, False])
async def test_a_live_line_for_a_closed_day_is_rejected(count: Counting, opened: bool) -> None:
    if opened:
        await count.send(request())
        await close(count)
    count.now = NOON + timedelta(days=5)
    recorded = await count.send(request(), request(time=count.now.isoformat()))
    assert recorded.rejected == {"closed_day": 1}
    assert [reject.reason for reject in recorded.rejects] == ["closed_day"]
    assert (await count.downloads()).get(("2026-10-09", "1"), 0) == opened


async def test_a_backfill_into_a_closed_day_is_refused_for_a_show_with_lines(
    count: Counting,
) -> None:
    await count.send(request())
    await close(count)
    with pytest.raises(DayClosed, match=r"^2026-10-09 .*show[^\n]*$"):
        await count.backfill(request(client_ip="192.0.2.9"), request(path=OTHER))
    assert await count.downloads() == {("2026-10-09", "1"): 1}
    assert await count.value("SELECT count(*) FROM nearfield.files") == 0


async def test_another_show_opens_a_closed_day_afresh_under_a_new_key(count: Counting) -> None:
    await count.send(request())
    before = await count.value("SELECT key FROM nearfield.days")
    await close(count)
    await count.backfill(request(path=OTHER))
    assert await count.value("SELECT key FROM nearfield.days") not in (None, before)
    assert await count.rows(
        "SELECT podcast, downloads FROM nearfield.episode_days ORDER BY podcast"
    ) == [("other", 1), ("show", 1)]
    with pytest.raises(DayClosed):
        await count.backfill(request(client_ip="192.0.2.9"))


async def test_a_live_line_of_the_closed_show_is_rejected_on_a_day_opened_afresh(
    count: Counting,
) -> None:
    await count.send(request())
    await close(count)
    await count.backfill(request(path=OTHER))
    recorded = await count.send(
        request(client_ip="192.0.2.9"), request(path=OTHER, client_ip="192.0.2.9")
    )
    assert recorded.rejected == {"closed_day": 1}
    assert await count.rows(
        "SELECT podcast, downloads FROM nearfield.episode_days ORDER BY podcast"
    ) == [("other", 2), ("show", 1)]


async def test_a_day_closed_while_its_lines_are_read_takes_none_of_them(count: Counting) -> None:
    await count.send(request())
    count.now = NOON.replace(day=12, hour=23)
    know, closed = count.ledger.know, False

    async def close_first(*args: object, **kwargs: object) -> object:
        nonlocal closed
        if not closed:
            closed = True
            count.now += timedelta(days=3)
            assert await count.ledger.tidy(count.now)
        return await know(*args, **kwargs)  # type: ignore[arg-type]

    object.__setattr__(count.recorder, "ledger", _Proxy(count.ledger, know=close_first))
    recorded = await count.send(request(client_ip="192.0.2.2"))
    assert recorded.rejected == {"closed_day": 1}
    assert await count.downloads() == {("2026-10-09", "1"): 1}


class _Proxy:
    """Another object with some attributes replaced."""

    def __init__(self, behind: object, **replaced: object) -> None:
        self.__dict__.update(replaced, _behind=behind)

    def __getattr__(self, name: str) -> object:
        return getattr(self._behind, name)


async def test_where_windows_roll_a_day_waits_for_the_next(count: Counting) -> None:
    object.__setattr__(count.ledger, "window", "first-touch")
    await count.send(request())
    count.now = NOON + timedelta(days=1)
    await count.send(request(time=count.now.isoformat()))
    closed = await count.ledger.tidy(NOON.replace(day=13, hour=12))
    assert [f"{day:%d}" for day in closed] == ["08"]
    closed = await count.ledger.tidy(NOON.replace(day=14, hour=12))
    assert [f"{day:%d}" for day in closed] == ["09", "10"]


async def test_the_key_of_a_day_is_the_same_for_all_workers(count: Counting) -> None:
    await count.send(request())
    object.__setattr__(count.recorder, "worker", lambda: "two")
    await count.send(request(referer="so that it is another batch"))
    assert await count.outcomes() == {"counted": 1, "repeat": 1}


async def test_no_address_and_no_agent_reach_the_ledger(count: Counting) -> None:
    await count.send(request(user_agent="Player/77.88", client_ip="198.51.100.77"))
    tables = await count.rows(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname='nearfield'"
    )
    for (table,) in tables:
        content = str(await count.rows(f"SELECT t::text FROM {table} AS t"))
        assert "198.51.100" not in content
        assert "77.88" not in content
