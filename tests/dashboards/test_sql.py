"""Every SQL query, asked of the embedded ledger with forty days of rows: none is empty."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL
from pydantic import SecretStr

from exporters.core.database import Database
from exporters.embedded import EmbeddedServer
from exporters.ledger.migrate import migrate
from tests.dashboards.generated import Asked, asked, dashboards, filled, panels, variables
from tests.embedded.fixtures import run_apart

NAME = "dashboards_ledger"
QUERIES = asked("postgres")
ROWS = (Path(__file__).parent / "ledger.sql").read_text()
SLICES = [
    (measure, split)
    for measure in ("downloads", "listeners", "requests", "bytes")
    for split in (
        "episode",
        "podcast",
        "country",
        "app",
        "hour of day",
        "day of week",
        "age in days",
    )
]


@dataclass(frozen=True)
class Answer:
    columns: list[str]
    rows: list[tuple[Any, ...]]


Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def ask(embedded_server: EmbeddedServer) -> Iterator[Ask]:
    """Ask the ledger as Grafana does, for the last week or another time range."""
    with filled_ledger(embedded_server) as dsn, psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = on")

        def run(sql: str, hours: float = 7 * 24, **values: str) -> Answer:
            end = datetime.now(UTC)
            text = expanded(filled(sql_macros(sql), **values), end - timedelta(hours=hours), end)
            cursor = connection.execute(text.encode())
            assert cursor.description
            return Answer([column.name for column in cursor.description], cursor.fetchall())

        yield run


@contextmanager
def filled_ledger(server: EmbeddedServer) -> Iterator[str]:
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE " + NAME))
        try:
            run_apart(_prepare(server.dsn(NAME)))
            yield server.dsn(NAME)
        finally:
            connection.execute(SQL("DROP DATABASE " + NAME + " WITH (FORCE)"))


async def _prepare(dsn: str) -> None:
    async with Database("the ledger", SecretStr(dsn)) as ledger:
        await migrate(ledger)
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute(ROWS.encode())


def sql_macros(sql: str) -> str:
    """Hide Grafana's macros from the filling of variables."""
    return sql.replace("$__time", "@time")


def expanded(sql: str, start: datetime, end: datetime) -> str:
    """Expand the macros that the dashboards use as Grafana's Postgres source does."""
    begin, finish = (f"'{moment.isoformat()}'" for moment in (start, end))
    sql = re.sub(r"@timeFilter\(([^)]+)\)", rf"\1 BETWEEN {begin} AND {finish}", sql)
    sql = sql.replace("@timeFrom()", begin).replace("@timeTo()", finish)
    assert "@time" not in sql
    return sql


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_no_query_is_empty(ask: Ask, query: Asked) -> None:
    answer = ask(query.text)
    assert answer.rows
    if query.target["format"] == "time_series":
        times = [row[answer.columns.index("time")] for row in answer.rows]
        assert all(isinstance(each, datetime) and each.tzinfo for each in times)
        assert times == sorted(times), "Grafana wants a time series in order"
    else:
        assert len(answer.columns) == len(set(answer.columns))


@pytest.mark.parametrize(("measure", "split"), SLICES)
def test_every_slice_has_rows(ask: Ask, measure: str, split: str) -> None:
    for query in QUERIES:
        if query.dashboard == "nearfield-slice":
            answer = ask(query.text, measure=measure, split=split)
            assert answer.rows, query.panel


def test_the_choices_of_a_slice_are_those_that_are_tested() -> None:
    known = variables(dashboards()["nearfield-slice"])
    written = {(m, s) for m in words(known["measure"]) for s in words(known["split"])}
    assert written == set(SLICES)


def words(variable: dict[str, Any]) -> list[str]:
    return str(variable["query"]).split(",")


def test_choices_of_variables_are_found(ask: Ask) -> None:
    for dashboard in dashboards().values():
        for each in variables(dashboard).values():
            if each["type"] == "query" and each["datasource"]["type"] == "postgres":
                assert ask(each["query"]).rows, each["name"]


def panel_sql(uid: str, title: str) -> str:
    [sql] = [
        target["rawSql"]
        for panel in panels(dashboards()[uid])
        if panel["title"] == title
        for target in panel["targets"]
    ]
    return str(sql)


def hours_since_outage() -> float:
    """Hours from the beginning of the outage in the rows, six hours before this one."""
    now = datetime.now(UTC)
    began = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=6)
    return (now - began) / timedelta(hours=1)


def test_an_outage_costs_what_the_last_weeks_let_expect(ask: Ask) -> None:
    hours = hours_since_outage()
    # Six whole hours at ten downloads, of two shows: five of the newest episode, five of the first.
    for title, number in {"Expected": 120, "Seen": 60, "Lost": 60}.items():
        [[found]] = ask(panel_sql("nearfield-outage", title), hours).rows
        assert float(found) == number, title
    shows = ask(panel_sql("nearfield-outage", "By show"), hours).rows
    assert [(row[0], float(row[3])) for row in shows] == [("moraine", 60), ("drumlinlane", 0)]


def test_an_outage_is_seen_for_the_chosen_show_alone(ask: Ask) -> None:
    lost = panel_sql("nearfield-outage", "Lost")
    [[found]] = ask(lost, hours_since_outage(), podcast="drumlinlane").rows
    assert float(found) == 0


@pytest.mark.parametrize("hours", [1, 24, 72, 240])
def test_weekdays_that_are_as_ever_cost_no_country_anything(ask: Ask, hours: float) -> None:
    answer = ask(panel_sql("nearfield-outage", "By country"), hours)
    assert {row[0] for row in answer.rows} == {"DE", "US", "unknown"}
    for _, seen, usual, lost in answer.rows:
        assert seen == usual > 0
        assert lost == 0


def test_before_the_ledger_began_nothing_is_expected(ask: Ask) -> None:
    [[found]] = ask(panel_sql("nearfield-outage", "Expected"), 39 * 24).rows
    assert found is not None
    shows = ask(panel_sql("nearfield-outage", "By country"), 39 * 24).rows
    assert shows


def test_a_launch_curve_begins_at_the_left_edge_and_never_falls(ask: Ask) -> None:
    answer = ask(panel_sql("nearfield-episode", "Launch curves by age"), 72)
    curves: dict[str, list[tuple[datetime, int]]] = {}
    for time, metric, value in answer.rows:
        curves.setdefault(metric, []).append((time, value))
    assert len(curves) == 8
    left = datetime.now(UTC) - timedelta(hours=72)
    for points in curves.values():
        assert abs(points[0][0] - left) < timedelta(minutes=5)
        assert [value for _, value in points] == sorted(value for _, value in points)


def test_the_newest_launch_stands_beside_the_median_of_its_show(ask: Ask) -> None:
    sql = panel_sql("nearfield-now", "Newest episode's launch, against the usual")
    metrics = {row[1] for row in ask(sql, podcast="moraine").rows}
    assert metrics == {"usual: median of the 12 before", "moraine 014"}


def test_the_evergreen_share_is_that_of_old_episodes(ask: Ask) -> None:
    [[share]] = ask(panel_sql("nearfield-show", "Evergreen share"), 24, podcast="drumlinlane").rows
    assert share == pytest.approx(0.5)
