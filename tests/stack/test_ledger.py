"""The stack's ledger: dashboards read sums and nothing of listeners, and a backup comes back."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, ReadOnlySqlTransaction
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from exporters.core.database import Database
from exporters.embedded import EmbeddedServer
from exporters.ledger.days import open_days
from exporters.ledger.migrate import migrate
from tests.dashboards.generated import asked, dashboards, filled, variables
from tests.dashboards.test_sql import expanded, sql_macros
from tests.embedded.fixtures import run_apart
from tests.stack.composed import ROOT, shell

OWNER = "stack_nearfield"
"""Owner and database: the test's server belongs to another `nearfield`."""
TODAY = date(2026, 11, 20)
CLOSED = {
    *("listeners", f"listeners_{TODAY:%Y%m%d}", "counters", "readers", "segments", "batches"),
    *("files", "show_days", "migrations", "digests", "exception_writers"),
}
_RELATIONS = """
SELECT relname FROM pg_class
WHERE relnamespace = 'nearfield'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
"""
_FORGET = f"DROP ROLE IF EXISTS reader, monitor, nearfield_ledger_reader, grafana, {OWNER}"


@pytest.fixture(scope="module")
def ledger(
    embedded_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedServer]:
    """Run the stack's own script on a server, and then the migrations as their owner."""
    folder = tmp_path_factory.mktemp("ledger")
    for name in ("ledger_password", "reader_password", "monitor_password"):
        (folder / name).write_text("it's a password")
    script = (ROOT / "stack" / "postgres" / "ledger.sh").read_text()
    try:
        shell(embedded_server, folder, re.sub(r"\bnearfield(?=[ ;])", OWNER, script))
        run_apart(prepared(embedded_server.dsn(OWNER, role=OWNER)))
        yield embedded_server
    finally:
        with psycopg.connect(embedded_server.dsn("postgres"), autocommit=True) as connection:
            connection.execute(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(OWNER)))
            connection.execute(_FORGET.encode())


async def prepared(dsn: str) -> None:
    """Bring a ledger up to this version, and open a day with a key in it."""
    async with Database("the ledger", SecretStr(dsn)) as database:
        await migrate(database)
        now = datetime(2026, 11, 20, 12, tzinfo=UTC)
        await open_days(database, [TODAY], "calendar", now, afresh=False)


def read_by(server: EmbeddedServer, role: str) -> set[str]:
    """Return the relations of the ledger of which a role reads every column."""
    allowed = set()
    with psycopg.connect(server.dsn(OWNER, role=role), autocommit=True) as connection:
        for (name,) in connection.execute(_RELATIONS.encode()).fetchall():
            try:
                connection.execute(
                    SQL("SELECT * FROM {} LIMIT 1").format(Identifier("nearfield", name))
                )
            except InsufficientPrivilege:
                continue
            allowed.add(name)
    return allowed


def test_the_reader_answers_every_question_of_the_dashboards(ledger: EmbeddedServer) -> None:
    end = datetime.now(UTC)
    questions = [each.text for each in asked("postgres")]
    questions += [
        each["query"]
        for dashboard in dashboards().values()
        for each in variables(dashboard).values()
        if each["type"] == "query" and each["datasource"]["type"] == "postgres"
    ]
    with psycopg.connect(ledger.dsn(OWNER, role="reader"), autocommit=True) as connection:
        for question in questions:
            text = expanded(filled(sql_macros(question)), end - timedelta(days=7), end)
            connection.execute(text.encode())


def test_the_reader_knows_nothing_of_listeners(ledger: EmbeddedServer) -> None:
    readable = read_by(ledger, "reader")
    assert not readable & CLOSED
    assert {"episode_hours", "service_versions", "totals", "outcomes"} <= readable
    assert "days" not in readable, "it reads the days, but no key"
    with psycopg.connect(ledger.dsn(OWNER, role="reader"), autocommit=True) as connection:
        assert connection.execute("SELECT day FROM nearfield.days").fetchall() == [(TODAY,)]
        with pytest.raises(InsufficientPrivilege):
            connection.execute("SELECT key FROM nearfield.days")
        with pytest.raises(ReadOnlySqlTransaction):
            connection.execute("CREATE TABLE mine (n integer)")
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(InsufficientPrivilege):
            connection.execute("DELETE FROM nearfield.episodes")


def test_a_table_that_comes_later_is_closed(ledger: EmbeddedServer) -> None:
    with psycopg.connect(ledger.dsn(OWNER, role=OWNER), autocommit=True) as connection:
        connection.execute("CREATE TABLE nearfield.later AS SELECT 1 AS n")
        try:
            run_apart(prepared(ledger.dsn(OWNER, role=OWNER)))
            assert "later" not in read_by(ledger, "reader")
        finally:
            connection.execute("DROP TABLE nearfield.later")


def test_the_monitor_reads_no_table(ledger: EmbeddedServer) -> None:
    assert read_by(ledger, "monitor") == set()


def test_the_readme_makes_the_same_reader_on_a_server_of_your_own(ledger: EmbeddedServer) -> None:
    readme = (ROOT / "README.md").read_text()
    [block] = re.findall(
        r"```sql\n(CREATE ROLE nearfield_ledger_reader;\n.*?)```", readme, re.DOTALL
    )
    with psycopg.connect(ledger.dsn("postgres"), autocommit=True) as connection:
        # Here the group is there already, with its grants: the second line is what is tried.
        [group, login] = block.strip().splitlines()
        assert group == "CREATE ROLE nearfield_ledger_reader;"
        connection.execute(login.encode())
    assert read_by(ledger, "grafana") == read_by(ledger, "reader")


def test_the_readme_s_backup_brings_back_all_of_it(ledger: EmbeddedServer, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    lines = re.findall(r"^docker compose exec -T ledger (pg_.*)$", readme, re.MULTILINE)
    [dump, restore] = [
        line.replace("-U postgres", "-U nearfield").replace(" nearfield >", f" {OWNER} >")
        for line in lines
    ]
    before = read_by(ledger, "reader")
    shell(ledger, tmp_path, dump)
    with psycopg.connect(ledger.dsn(OWNER, role=OWNER), autocommit=True) as connection:
        connection.execute("DROP SCHEMA nearfield CASCADE")
    shell(ledger, tmp_path, restore)
    with psycopg.connect(ledger.dsn(OWNER, role=OWNER), autocommit=True) as connection:
        [[day, key]] = connection.execute("SELECT day, key FROM nearfield.days").fetchall()
    assert (day, len(key)) == (TODAY, 32)
    assert read_by(ledger, "reader") == before
    run_apart(prepared(ledger.dsn(OWNER, role=OWNER)))
