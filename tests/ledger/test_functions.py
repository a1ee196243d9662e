"""Functions that are asked of every listener: right, and written out in place by the planner."""

from collections.abc import AsyncIterator

import pytest
from psycopg.sql import SQL
from pydantic import SecretStr

from exporters.core.database import Database
from exporters.ledger.migrate import migrate


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Database]:
    async with Database("the ledger", SecretStr(database)) as opened:
        await migrate(opened)
        yield opened


async def test_tenths_of_one_range_are_those_of_the_same_multirange(ledger: Database) -> None:
    # Sizes around multiples of ten, and ranges that begin and end around each tenth of them.
    rows = await ledger.fetch(
        SQL(
            """
            SELECT size, low, high, loose
            FROM unnest(ARRAY[10, 11, 19, 20, 99, 100, 101, 12345679]::bigint[]) AS size
            CROSS JOIN generate_series(0, 10) AS begins CROSS JOIN generate_series(0, 10) AS ends
            CROSS JOIN generate_series(-1, 1) AS after CROSS JOIN generate_series(-1, 1) AS more
            CROSS JOIN unnest(ARRAY[0, size / 2]) AS loose
            CROSS JOIN LATERAL (
                SELECT greatest(size * begins / 10 + after, 0), size * ends / 10 + more
            ) AS bounds (low, high)
            WHERE low < high AND nearfield.tenths_between(low, high, loose, size)
                IS DISTINCT FROM nearfield.tenths_of(
                    int8multirange(int8range(low, high)), loose, size
                )
            """
        ),
        deadline=10,
    )
    assert rows == []


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("nearfield.launch_of(first_at, last_at)", "launch_of"),
        ("nearfield.tenths_of(ranges, loose, size)", "tenths_of"),
        ("nearfield.tenths_between(lower(ranges), upper(ranges), loose, size)", "tenths_between"),
    ],
)
async def test_what_is_asked_of_every_listener_is_not_called(
    ledger: Database, call: str, name: str
) -> None:
    table = (
        "(SELECT now() AS first_at, now() AS last_at, '{[0,5)}'::int8multirange AS ranges,"
        " 0::bigint AS loose, 10::bigint AS size OFFSET 0) AS one"
    )
    plan = await ledger.fetch(SQL(f"EXPLAIN (VERBOSE) SELECT {call} FROM {table}"), deadline=10)
    assert name not in "\n".join(line for (line,) in plan)
