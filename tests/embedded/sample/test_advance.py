"""A sample that is a day old, or thirty, is brought up to the day."""

from collections.abc import Callable
from datetime import date, timedelta

import psycopg
import pytest

from exporters.core.errors import StartError
from exporters.embedded import sample
from tests.embedded.sample.asked import digest, number, rows
from tests.embedded.sample.conftest import TODAY, open_connection

_STATS = ("episodes", "podcasts", "episode_stats")


async def _advanced(dsn: str, *days: date) -> list[int]:
    async with open_connection(dsn) as connection:
        return [await sample.advance(connection, day) for day in days]


async def test_each_day_at_a_time_comes_to_the_same_as_all_at_once(
    new_sample: Callable[[], str],
) -> None:
    slowly, at_once = new_sample(), new_sample()
    later = [TODAY + timedelta(days=n) for n in (1, 2, 4)]
    assert await _advanced(slowly, *later) == [1, 1, 2]
    assert await _advanced(at_once, later[-1]) == [4]
    with psycopg.connect(slowly) as one, psycopg.connect(at_once) as other:
        query = """
            SELECT episode_id, date, downloads, uniques, demographics FROM episode_stats
            WHERE date >= %s ORDER BY id
        """
        added = rows(one, query, TODAY)
        assert len(added) > 4_000
        assert added == rows(other, query, TODAY)


async def test_a_scheduled_episode_comes_out_and_new_ones_are_entered(
    new_sample: Callable[[], str],
) -> None:
    dsn = new_sample()
    with psycopg.connect(dsn) as connection:
        before = number(connection, "SELECT count(*) FROM episodes")
        scheduled = rows(
            connection, "SELECT id FROM episodes WHERE published AND published_at >= %s", TODAY
        )
    later = TODAY + timedelta(days=12)
    await _advanced(dsn, later)
    with psycopg.connect(dsn) as connection:
        assert number(connection, "SELECT count(*) FROM episodes") > before
        counted = "SELECT count(*) FROM episode_stats WHERE episode_id = %s AND downloads > 1"
        assert scheduled
        assert all(number(connection, counted, row[0]) > 0 for row in scheduled)
        ((last,),) = rows(connection, "SELECT max(date) FROM episode_stats")
        assert last == later - timedelta(days=1)
        stale = """
            SELECT count(*) FROM episodes WHERE reach_count <> (
                SELECT coalesce(sum(uniques), 0) FROM episode_stats WHERE episode_id = episodes.id
            )
        """
        assert number(connection, stale) == 0


async def test_on_the_same_day_or_an_earlier_one_nothing_changes(
    new_sample: Callable[[], str],
) -> None:
    dsn = new_sample()
    before = digest(dsn, _STATS[:2])
    assert await _advanced(dsn, TODAY, TODAY - timedelta(days=3)) == [0, 0]
    assert digest(dsn, _STATS[:2]) == before


async def test_without_a_sample_there_is_nothing_to_advance(database: str) -> None:
    with pytest.raises(StartError, match="no sample"):
        await _advanced(database, TODAY)
