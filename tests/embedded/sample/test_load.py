"""Loading is all or nothing, once, and the same every time."""

import asyncio
from collections.abc import Callable

import psycopg
import pytest

from exporters.core.errors import StartError
from exporters.embedded import sample
from tests.embedded.sample.asked import digest, number
from tests.embedded.sample.conftest import TODAY, open_connection


async def _small(dsn: str, seed: int = sample.SEED) -> dict[str, str]:
    async with open_connection(dsn) as connection:
        assert await sample.load_scaled(
            connection, TODAY, episode_rows=80, stats_rows=8_000, seed=seed
        )
    return digest(dsn)


async def test_the_same_seed_gives_the_same_tables(new_database: Callable[[], str]) -> None:
    assert await _small(new_database()) == await _small(new_database())


async def test_another_seed_gives_other_numbers(new_database: Callable[[], str]) -> None:
    assert await _small(new_database()) != await _small(new_database(), seed=1)


@pytest.mark.soak
@pytest.mark.long
async def test_two_full_loads_are_the_same(sample_dsn: str, database: str) -> None:
    async with open_connection(database) as connection:
        await sample.load(connection, TODAY)
    assert digest(database) == digest(sample_dsn)


async def test_a_second_load_does_nothing(new_sample: Callable[[], str]) -> None:
    dsn = new_sample()
    before = digest(dsn, ("episodes", "podcasts", "feed_stats"))
    async with open_connection(dsn) as connection:
        assert not await sample.load(connection, TODAY)
        assert await sample.made_on(connection) == TODAY
    assert digest(dsn, ("episodes", "podcasts", "feed_stats")) == before


async def test_two_loads_at_once_load_once(database: str) -> None:
    async def one() -> bool:
        async with open_connection(database) as connection:
            return await sample.load_scaled(connection, TODAY, episode_rows=40, stats_rows=2_000)

    assert sorted(await asyncio.gather(one(), one())) == [False, True]


async def test_a_load_that_is_cut_short_leaves_nothing(database: str) -> None:
    async with open_connection(database) as connection:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sample.load(connection, TODAY), 0.7)
    async with open_connection(database) as connection:
        assert await sample.made_on(connection) is None
    with psycopg.connect(database) as plain:
        assert number(plain, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


async def test_tables_of_somebody_else_are_left_alone(database: str) -> None:
    async with open_connection(database) as connection:
        await connection.execute("CREATE TABLE podcasts (id integer)")
        with pytest.raises(StartError, match="give an empty database"):
            await sample.load(connection, TODAY)
        assert await sample.made_on(connection) is None


async def test_the_tables_can_be_had_empty(database: str) -> None:
    async with open_connection(database) as connection:
        await sample.create_tables(connection)
    with psycopg.connect(database) as plain:
        assert number(plain, "SELECT count(*) FROM episode_stats") == 0
        assert number(plain, "SELECT count(*) FROM pg_indexes WHERE tablename = 'episodes'") == 7


async def test_the_scale_is_as_asked(database: str) -> None:
    async with open_connection(database) as connection:
        await sample.load_scaled(connection, TODAY, episode_rows=200, stats_rows=40_000)
    with psycopg.connect(database) as plain:
        assert number(plain, "SELECT count(*) FROM episodes") == 200
        assert abs(number(plain, "SELECT count(*) FROM episode_stats") - 40_000) <= 400
        launched = "SELECT count(*) FROM episode_stats WHERE downloads > 100"
        assert number(plain, launched) > 200
