from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from exporters.core.database import Database
from exporters.core.telemetry import Telemetry
from exporters.downloads.queries import Checked, Queries


async def check(folder: Path, text: str, **databases: Database | None) -> Checked:
    (folder / "queries").mkdir()
    (folder / "queries/a.yml").write_text(text)
    queries = Queries([folder / "queries/*.yml"], databases, Telemetry(CollectorRegistry(), "0"))
    return await queries.check()


@pytest.fixture
async def reader(app: Database, database: str) -> AsyncIterator[Database]:
    """The app's database, as a role sees it that may read nothing there."""
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute("DROP ROLE IF EXISTS stranger")
        await connection.execute("CREATE ROLE stranger")
        async with Database(
            "the app", SecretStr(f"{database} options='-c role=stranger'")
        ) as reader:
            yield reader
        await connection.execute("DROP ROLE stranger")


async def test_good_queries_have_no_problem(app: Database, tmp_path: Path) -> None:
    text = """
a: {help: x, sql: SELECT count(*) FROM shows}
b: {help: x, sql: SELECT count(*) FROM shows; }
c: {help: x, sql: TABLE shows LIMIT 1, labels: [slug, token]}
d: {query: SELECT slug FROM shows, runonserver: <9.0.0, metrics: [{x: {usage: GAUGE}}]}
"""
    assert await check(tmp_path, text, app=app) == Checked()


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("sql: SELECT 1 FROM shwos", "does not exist: look at line 1 of the SQL"),
        ('sql: "SELECT slug,\\n nothing FROM shows"', "does not exist: look at line 2 of the SQL"),
        ("sql: SELECT 1 FORM shows WHERE", "not valid SQL: look at line 1 of the SQL"),
        ("sql: SELECT slug FROM shows", "column slug is text, and a number is wanted"),
        ("sql: SELECT slug FROM shows, labels: [slg]", 'from the result; did you mean "slug"?'),
        ('sql: "SELECT slug, 1 AS a FROM shows"', "besides the labels there is slug, a"),
        (
            'sql: "WITH a AS (DELETE FROM shows RETURNING 1) SELECT 1 FROM a"',
            "the server refused the query",
        ),
        ("sql: SELECT 1; SELECT 2", "the query is not valid SQL"),
    ],
)
async def test_what_would_fail_is_told_with_its_file_and_name(
    keys: str, expected: str, app: Database, tmp_path: Path
) -> None:
    found = await check(tmp_path, f"\nbad: {{help: x, {keys}}}", app=app)
    (problem,) = found.problems
    assert problem.startswith("queries/a.yml:2: bad: ")
    assert expected in problem


async def test_problems_of_files_and_of_queries_are_told_together(
    app: Database, tmp_path: Path
) -> None:
    found = await check(tmp_path, "a: {help: x}\nb: {help: x, sql: SELECT nothing}", app=app)
    assert [line.split(": ")[1] for line in found.problems] == ["a.sql", "b"]


async def test_what_may_not_be_read_is_told(reader: Database, tmp_path: Path) -> None:
    found = await check(tmp_path, "a: {help: x, sql: SELECT count(*) FROM shows}", app=reader)
    (problem,) = found.problems
    assert "permission denied" in problem


async def test_no_query_runs(app: Database, owner: psycopg.AsyncConnection, tmp_path: Path) -> None:
    await owner.execute("CREATE SEQUENCE seen")
    found = await check(tmp_path, "a: {help: x, sql: SELECT nextval('seen')}", app=app)
    assert found == Checked()
    cursor = await owner.execute("SELECT is_called FROM seen")
    assert await cursor.fetchone() == (False,)


async def test_a_database_that_does_not_answer_is_a_note_and_no_problem(
    app: Database, tmp_path: Path
) -> None:
    gone = SecretStr("host=127.0.0.1 port=1 user=x password=hunter2")
    async with Database("the ledger", gone) as ledger:
        text = "a: {help: x, sql: SELECT 1, database: ledger}\nb: {help: x, sql: SELECT nothing}"
        found = await check(tmp_path, text, app=app, ledger=ledger)
    [note] = found.notes
    why = "nothing listens at that address (does it run, is the port right?)"
    assert note == f"the ledger: {why}; so these were not checked: a"
    (problem,) = found.problems
    assert problem.startswith("queries/a.yml:2: b: ")


async def test_a_database_that_cannot_be_asked_yet_may_be_named(tmp_path: Path) -> None:
    found = await check(tmp_path, "a: {help: x, sql: SELECT nothing}", ledger=None)
    assert found == Checked(
        notes=("the ledger cannot be asked before it runs; so these were not checked: a",)
    )


async def test_without_any_database_there_is_a_line_that_says_so(tmp_path: Path) -> None:
    found = await check(tmp_path, "a: {help: x, sql: SELECT 1}")
    assert found.problems == ("queries/a.yml:1: a: wants a database, and none is configured here",)
