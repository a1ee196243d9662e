import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg
import pytest
from psycopg.sql import SQL

from exporters.core.database import Database
from exporters.core.errors import SourceError, SourceRejected, SourceTimeout, SourceUnavailable
from tests.core.postgres import Postgres, own_postgres, postgres
from tests.core.proxy import Proxy

__all__ = ["own_postgres", "postgres"]

SLOW = SQL("SELECT pg_sleep(60)")
PID = SQL("SELECT pg_backend_pid()")


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[Database]:
    async with Database("app", postgres.secret(), limit=2) as database:
        yield database


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


def active(postgres: Postgres) -> list[str]:
    return [query for state, query in postgres.guests() if state == "active"]


async def test_rows_are_fetched_by_bound_parameters(database: Database) -> None:
    rows = await database.fetch("SELECT %(a)s || 'b', NULL", {"a": "'; --"}, deadline=5)
    assert rows == [("'; --b", None)]


async def test_a_read_may_not_write(database: Database) -> None:
    with pytest.raises(SourceRejected, match="app: the query wants to write, and may only read"):
        await database.fetch("CREATE TABLE t (i int)", deadline=5)


async def test_the_server_knows_the_guest_by_name_and_in_utc(database: Database) -> None:
    [[name, zone]] = await database.fetch(
        "SELECT current_setting('application_name'), current_setting('TimeZone')", deadline=5
    )
    assert (name, zone) == ("nearfield", "UTC")


async def test_the_connection_string_cannot_rename_the_guest(postgres: Postgres) -> None:
    conninfo = postgres.secret(application_name="other")
    async with Database("app", conninfo) as database:
        assert await database.fetch("SHOW application_name", deadline=5) == [("nearfield",)]


async def test_a_pooler_in_between_finds_nothing_left_on_a_session(database: Database) -> None:
    before = "SELECT name, setting FROM pg_settings WHERE source = 'session' ORDER BY name"
    async with database.writing() as connection:
        clean = await (await connection.execute(before)).fetchall()
    for number in range(10):
        await database.fetch("SELECT %(n)s::int", {"n": number}, deadline=5)
    async with database.writing() as connection:
        assert await (await connection.execute(before)).fetchall() == clean
        prepared = await connection.execute("SELECT * FROM pg_prepared_statements")
        assert await prepared.fetchall() == []


async def test_a_query_over_its_deadline_is_cancelled_by_the_server(
    database: Database, postgres: Postgres
) -> None:
    [[before]] = await database.fetch(PID, deadline=5)
    with pytest.raises(SourceTimeout, match="took longer than its deadline and was cancelled"):
        await database.fetch(SLOW, deadline=0.1)
    assert active(postgres) == []
    [[after]] = await database.fetch(PID, deadline=5)
    assert after == before, "the connection is as good as before"


async def test_a_query_that_is_cancelled_here_is_cancelled_on_the_server(
    database: Database, postgres: Postgres
) -> None:
    asked = asyncio.create_task(database.fetch(SLOW, deadline=60))
    await until(lambda: len(active(postgres)) == 1)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert active(postgres) == []
    assert len(await database.fetch(PID, deadline=5)) == 1


async def test_a_lock_is_waited_for_a_fifth_of_the_deadline(
    database: Database, postgres: Postgres
) -> None:
    postgres.sql("CREATE TABLE IF NOT EXISTS locked (i int)")
    with psycopg.connect(postgres.conninfo()) as owner:
        owner.execute("LOCK TABLE locked IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(SourceTimeout, match="app: a table is locked"):
            await database.fetch("SELECT i FROM locked", deadline=1)
    assert await database.fetch("SELECT i FROM locked", deadline=1) == []


async def test_connections_stay_within_the_limit_however_many_ask(
    database: Database, postgres: Postgres
) -> None:
    asked = [
        asyncio.create_task(database.fetch("SELECT pg_sleep(0.1)", deadline=5)) for _ in range(9)
    ]
    counts = []
    while not all(task.done() for task in asked):
        counts.append(len(postgres.guests()))
        await asyncio.sleep(0.01)
    assert max(counts) == 2
    assert all(len(task.result()) == 1 for task in asked)


async def test_connections_that_died_unnoticed_are_replaced_without_an_error(
    database: Database, postgres: Postgres
) -> None:
    await asyncio.gather(*(database.fetch("SELECT pg_sleep(0.05)", deadline=5) for _ in "ab"))
    postgres.sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name = 'nearfield'"
    )
    assert await database.fetch("SELECT 1", deadline=5) == [(1,)]
    assert len(postgres.guests()) == 1


async def test_a_server_that_goes_down_and_comes_back_is_used_again(
    own_postgres: Postgres,
) -> None:
    async with Database("app", own_postgres.secret()) as database:
        asked = asyncio.create_task(database.fetch(SLOW, deadline=60))
        await until(lambda: len(active(own_postgres)) == 1)
        own_postgres.kill()
        with pytest.raises(SourceUnavailable):
            await asked
        with pytest.raises(SourceUnavailable, match="app: nothing listens at that"):
            await database.fetch("SELECT 1", deadline=5)
        own_postgres.start()
        assert await database.fetch("SELECT 1", deadline=5) == [(1,)]


async def test_a_database_that_is_down_is_said_once_for_all_who_ask(
    own_postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    async def ask() -> SourceError | None:
        try:
            await app.fetch("SELECT 1", deadline=5)
        except SourceError as error:
            return error
        return None

    own_postgres.stop()
    async with Database("app", own_postgres.secret()) as app:
        with caplog.at_level(logging.INFO):
            errors = await asyncio.gather(*(ask() for _ in range(5)))
            own_postgres.start()
            await ask()
            await ask()
    assert all(error is not None and error.told for error in errors)
    line = "unavailable: app: nothing listens at that socket (does it run, is the folder right?)"
    assert [record.message for record in caplog.records] == [
        f"app cannot be read, and is tried again: {line}",
        "app is back after 5 failed reads",
    ]


async def test_what_is_wrong_with_one_query_is_not_said_of_the_database(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SourceError) as caught:
        await database.fetch("SELECT nothing", deadline=5)
    assert not caught.value.told
    assert caplog.records == []


async def test_a_restart_between_two_reads_is_not_noticed(own_postgres: Postgres) -> None:
    async with Database("app", own_postgres.secret()) as database:
        await database.fetch("SELECT 1", deadline=5)
        own_postgres.stop()
        own_postgres.start()
        assert await database.fetch("SELECT 1", deadline=5) == [(1,)]


async def test_a_network_that_swallows_everything_costs_no_more_than_deadlines(
    postgres: Postgres,
) -> None:
    postgres.sql("DROP ROLE IF EXISTS plain")
    postgres.sql("CREATE ROLE plain LOGIN PASSWORD 'pw'")
    async with Proxy(postgres.port) as network:
        conninfo = postgres.secret(host="127.0.0.1", port=network.port, user="plain", password="pw")
        async with Database("app", conninfo, limit=1) as database:
            await database.fetch("SELECT 1", deadline=5)
            network.silent = True
            started = asyncio.get_running_loop().time()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await database.fetch("SELECT 1", deadline=5)
            assert asyncio.get_running_loop().time() - started < 5
            network.silent = False
            assert await database.fetch("SELECT 1", deadline=5) == [(1,)]


async def test_cancelling_while_connecting_gives_the_place_free(postgres: Postgres) -> None:
    async with Proxy(postgres.port) as network:
        network.silent = True
        conninfo = postgres.secret(host="127.0.0.1", port=network.port)
        async with Database("app", conninfo, limit=1) as database:
            for _ in range(2):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await database.fetch("SELECT 1", deadline=5)


async def test_writing_commits_at_the_end_and_rolls_back_on_failure(
    database: Database, postgres: Postgres
) -> None:
    postgres.sql("DROP TABLE IF EXISTS written")
    postgres.sql("CREATE TABLE written (i int UNIQUE)")
    async with database.writing() as connection:
        await connection.execute("INSERT INTO written VALUES (1)")
    with pytest.raises(SourceError):  # noqa: PT012 - the commit is what fails to come
        async with database.writing() as connection:
            await connection.execute("INSERT INTO written VALUES (2)")
            await connection.execute("INSERT INTO written VALUES (1)")
    with contextlib.suppress(asyncio.CancelledError):
        async with database.writing() as connection:
            await connection.execute("INSERT INTO written VALUES (3)")
            raise asyncio.CancelledError
    assert postgres.sql("SELECT i FROM written") == [(1,)]


async def test_leaving_closes_idle_connections_and_those_that_come_back(
    postgres: Postgres,
) -> None:
    async with Database("app", postgres.secret()) as database:
        await database.fetch("SELECT 1", deadline=5)
        late = asyncio.create_task(database.fetch("SELECT pg_sleep(0.3)", deadline=5))
        await until(lambda: len(active(postgres)) == 1)
    await late
    await until(lambda: postgres.guests() == [])


async def test_a_failed_read_leaves_its_connection_for_the_next(database: Database) -> None:
    reads: list[Callable[[], Awaitable[object]]] = [
        lambda: database.fetch("SELECT 1 / 0", deadline=5),
        lambda: database.fetch("SELECT nothing", deadline=5),
    ]
    [[before]] = await database.fetch(PID, deadline=5)
    for read in reads:
        with pytest.raises(SourceError):
            await read()
    assert await database.fetch(PID, deadline=5) == [(before,)]
