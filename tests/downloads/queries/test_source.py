import asyncio
import tracemalloc
from threading import Thread, current_thread
from time import monotonic

import psycopg
import pytest
from prometheus_client import Metric

from exporters.core.database import Database
from exporters.core.errors import (
    SourceError,
    SourceMalformed,
    SourceMismatch,
    SourceRejected,
    SourceTimeout,
)
from exporters.core.exposition import Family, ValueFamily
from exporters.downloads.queries.source import QuerySource
from tests.downloads.queries.reading import query

LISTENERS = """
show_listeners:
  help: Listeners.
  labels: [slug]
  sql: SELECT slug, listeners FROM shows
"""


def source(text: str, app: Database) -> QuerySource:
    return QuerySource(query(text), app, lambda _family, _count: None)


def one_value(sql: str, app: Database, **keys: str) -> QuerySource:
    more = "".join(f"  {key}: {value}\n" for key, value in keys.items())
    indented = sql.replace("\n", "\n    ")
    return source(f"a:\n  help: x\n{more}  sql: |\n    {indented}\n", app)


def values(metrics: tuple[Metric, ...]) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for family in metrics:
        assert isinstance(family, Family)
        found |= {(s.name, *s.labels.values()): s.value for s in family.iter_samples()}
    return found


async def test_rows_become_samples_and_null_none(app: Database) -> None:
    assert values(await source(LISTENERS, app).read()) == {
        ("show_listeners", "rfc"): 10.0,
        ("show_listeners", "news"): 20.0,
    }


async def test_rows_that_vanish_vanish_and_none_is_a_success(
    app: Database, owner: psycopg.AsyncConnection
) -> None:
    reading = source(LISTENERS, app)
    await reading.read()
    await owner.execute("DELETE FROM shows WHERE slug = 'rfc'")
    assert values(await reading.read()) == {("show_listeners", "news"): 20.0}
    await owner.execute("DELETE FROM shows")
    assert values(await reading.read()) == {}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 7::smallint", 7.0),
        ("SELECT 2.5::numeric", 2.5),
        ("SELECT 1e300::float8", 1e300),
        ("SELECT true", 1.0),
        ("SELECT interval '1 day 2 hours'", 93600.0),
        ("SELECT timestamp '2024-01-01 00:00'", 1704067200.0),
        ("SELECT timestamptz '2024-01-01 02:00+02'", 1704067200.0),
        ("SELECT date '2024-01-01'", 1704067200.0),
        ("SELECT 1 -- and; 'a %s comment", 1.0),
        ("SELECT count(*) FROM shows WHERE slug LIKE '%c';", 1.0),
    ],
)
async def test_every_type_that_counts_is_taken(sql: str, expected: float, app: Database) -> None:
    assert values(await one_value(sql, app).read()) == {("a",): expected}


async def test_a_label_of_null_is_empty_and_others_are_their_text(app: Database) -> None:
    reading = source(
        "a: {help: x, labels: [b, c, d], sql: 'SELECT NULL::text b, true c, 7 d, 1'}", app
    )
    assert values(await reading.read()) == {("a", "", "true", "7"): 1.0}


@pytest.mark.parametrize(
    ("sql", "error", "words"),
    [
        ("SELECT 'hunter2'", SourceMalformed, "column ?column? has text where a number"),
        ("SELECT listeners FROM shows", SourceMalformed, "there are several rows"),
        ("SELECT 1 AS b, 2 AS c", SourceMismatch, "value: wants the name of a column"),
        ("SELECT 1 AS b, 2 AS c WHERE false", SourceMismatch, "value: wants the name of a column"),
        ("SELECT\n  nothing\nFROM shows", SourceMismatch, "look at line 2 of the SQL"),
        ("SELECT 1 FROM nothing", SourceMismatch, "look at line 1 of the SQL"),
        ("SELECT 1 FROM shows WHERE token = 'hunter2' ORDER", SourceRejected, "not valid SQL"),
        ("SELECT 1; SELECT 2", SourceRejected, "not valid SQL"),
        ("WITH a AS (DELETE FROM shows RETURNING 1) SELECT 1 FROM a", SourceRejected, "may only"),
        ("SELECT 1 / (listeners - 10) FROM shows", SourceMalformed, "cannot compute"),
        ("SELECT set_config('transaction_read_only', 'off', true)", SourceError, ""),
    ],
)
async def test_what_goes_wrong_is_typed_and_quotes_neither_sql_nor_values(
    sql: str, error: type[SourceError], words: str, app: Database
) -> None:
    with pytest.raises(error) as raised:
        await one_value(sql, app).read()
    assert words in str(raised.value)
    assert "hunter2" not in str(raised.value)


async def test_nothing_is_written_whatever_a_query_does(
    app: Database, owner: psycopg.AsyncConnection
) -> None:
    await owner.execute(
        "CREATE FUNCTION sneak() RETURNS int LANGUAGE plpgsql AS $$ BEGIN"
        " SET transaction_read_only = off; DELETE FROM shows; RETURN 1; END $$"
    )
    with pytest.raises(SourceError):
        await one_value("SELECT sneak()", app).read()
    cursor = await owner.execute("SELECT count(*) FROM shows")
    assert await cursor.fetchone() == (3,)


async def test_a_failed_query_leaves_its_connection_fit_for_the_next(app: Database) -> None:
    for sql in ("SELECT nothing", "SELECT 'x' FROM generate_series(1, 100000)", "SELECT 1/0"):
        with pytest.raises(SourceError):
            await one_value(sql, app).read()
    assert values(await one_value("SELECT 1", app).read()) == {("a",): 1.0}


async def running(owner: psycopg.AsyncConnection) -> int:
    cursor = await owner.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = 'nearfield' AND state = 'active'"
    )
    row = await cursor.fetchone()
    assert row
    return int(row[0])


async def until(owner: psycopg.AsyncConnection, count: int) -> None:
    async with asyncio.timeout(5):
        while await running(owner) != count:
            await asyncio.sleep(0.01)


async def test_the_server_ends_a_query_at_its_deadline(
    app: Database, owner: psycopg.AsyncConnection
) -> None:
    started = monotonic()
    with pytest.raises(SourceTimeout, match="took longer than its deadline"):
        await one_value("SELECT 1 FROM pg_sleep(60)", app, deadline="200ms").read()
    assert monotonic() - started < 5
    assert await running(owner) == 0


async def test_a_query_that_is_given_up_is_cancelled_on_the_server(
    app: Database, owner: psycopg.AsyncConnection
) -> None:
    task = asyncio.create_task(one_value("SELECT 1 FROM pg_sleep(60)", app).read())
    await until(owner, 1)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    await until(owner, 0)


async def test_a_stream_that_is_given_up_half_way_is_cancelled_on_the_server(
    app: Database, owner: psycopg.AsyncConnection
) -> None:
    sql = "SELECT i b, i FROM generate_series(1, 1000000000) i"
    task = asyncio.create_task(source(f"a: {{help: x, labels: [b], sql: '{sql}'}}", app).read())
    await until(owner, 1)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    await until(owner, 0)


async def test_a_locked_table_is_waited_for_a_part_of_the_deadline(
    app: Database, owner: psycopg.AsyncConnection
) -> None:
    async with owner.transaction():
        await owner.execute("LOCK TABLE shows")
        with pytest.raises(SourceTimeout, match="a table is locked"):
            await one_value("SELECT count(*) FROM shows", app, deadline="500ms").read()
    assert values(await one_value("SELECT count(*) FROM shows", app).read()) == {("a",): 3.0}


async def test_a_large_result_is_folded_in_bounded_memory(app: Database) -> None:
    drops: list[int] = []
    text = """
a:
  help: x
  labels: [b]
  series_limit: 100
  deadline: 60s
  sql: SELECT 'label-' || i AS b, i FROM generate_series(1, 50000) i
"""
    reading = QuerySource(query(text), app, lambda _family, count: drops.append(count))
    await reading.read()
    tracemalloc.start()
    try:
        (family,) = await reading.read()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(family, ValueFamily)
    assert len(family) == 101
    assert sum(sample.value for sample in family.iter_samples()) == 50_000 * 50_001 / 2
    assert sum(drops[: len(drops) // 2]) == 50_000 - 100
    assert peak < 2_000_000


async def test_a_large_family_is_made_beside_the_event_loop(app: Database) -> None:
    threads: list[Thread] = []
    text = """
a:
  help: x
  labels: [b]
  sql: SELECT 'label-' || i AS b, i FROM generate_series(1, 5000) i
"""
    reading = QuerySource(query(text), app, lambda *_: threads.append(current_thread()))
    (family,) = await reading.read()
    assert isinstance(family, ValueFamily)
    assert len(family) == 101
    assert current_thread() not in threads
    assert threads


async def test_a_query_for_other_versions_gives_nothing(app: Database) -> None:
    text = "a: {query: SELECT 1 n, runonserver: '%s', metrics: [{n: {usage: GAUGE}}]}"
    assert await source(text % "<9.0.0", app).read() == ()
    assert values(await source(text % ">=14.0.0", app).read()) == {("a_n",): 1.0}


async def test_what_postgres_exporter_reads_is_read(app: Database) -> None:
    reading = source(
        """
pg_x:
  query: |
    SELECT 'rfc' AS show, '7.5' AS size, '1m5s' AS took, 'up' AS state, 3 AS n_total, 'x' AS spare,
      ARRAY[1, 2]::int[] AS h, ARRAY[3, 5] AS h_bucket, 9.5 AS h_sum, 6 AS h_count
  metrics:
    - show: {usage: LABEL, description: The show}
    - size: {usage: GAUGE, description: Text that is a number}
    - took: {usage: DURATION, description: A duration}
    - state: {usage: MAPPEDMETRIC, description: A state, metric_mapping: {up: 1, down: 0}}
    - n_total: {usage: COUNTER, description: A counter}
    - spare: {usage: DISCARD}
    - h: {usage: HISTOGRAM, description: Sizes}
""",
        app,
    )
    assert values(await reading.read()) == {
        ("pg_x_size", "rfc"): 7.5,
        ("pg_x_took_milliseconds", "rfc"): 65_000.0,
        ("pg_x_state", "rfc"): 1.0,
        ("pg_x_n_total", "rfc"): 3.0,
        ("pg_x_h_bucket", "rfc", "1.0"): 3.0,
        ("pg_x_h_bucket", "rfc", "2.0"): 5.0,
        ("pg_x_h_bucket", "rfc", "+Inf"): 6.0,
        ("pg_x_h_count", "rfc"): 6.0,
        ("pg_x_h_sum", "rfc"): 9.5,
    }
