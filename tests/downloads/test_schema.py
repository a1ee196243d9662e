"""A migration of the app costs only the metrics that need what is gone, and is said once."""

import logging

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from exporters.downloads.episodes import episodes
from exporters.downloads.launches import LAST_DAY, launches
from exporters.downloads.schema import Column, Found, Kind, Table, narrowed, problems
from exporters.downloads.shows import EMAIL, RSS, SHOWS
from tests.downloads.bench import PARTS, Bench

ALL = (SHOWS, episodes(), launches(), RSS, EMAIL, LAST_DAY)
EPISODE_FAMILIES = {
    "podcast_episode_info",
    "podcast_episode_published_timestamp_seconds",
    "podcast_episode_audio_bytes",
    "podcast_episode_duration_seconds",
    "podcast_episode_downloads",
    "podcast_episode_listeners",
}
FAMILIES = {
    "podcasts": {"podcast_info", "podcast_all_time_downloads"},
    "episodes": EPISODE_FAMILIES,
    "launches": {"podcast_episode_launch_downloads"},
    "rss_subscribers": {"rss"},
    "email_subscribers": {"email"},
    "stats": {"podcast_stats_last_day_timestamp_seconds"},
}
OPTIONAL = {
    ("podcasts", "name"): {"podcast_info"},
    ("podcasts", "download_count"): {"podcast_all_time_downloads"},
    ("episodes", "title"): {"podcast_episode_info"},
    ("episodes", "type"): set[str](),
    ("episodes", "audio_bytes"): {"podcast_episode_audio_bytes"},
    ("episodes", "audio_duration"): {"podcast_episode_duration_seconds"},
    ("episodes", "download_count"): {"podcast_episode_downloads"},
    ("episodes", "reach_count"): {"podcast_episode_listeners"},
}


NEEDED = sorted({(t.name, c.name) for part in ALL for t in part.tables for c in t.columns})
"""Every column that is read, as table and name."""


def costs(table: str, column: str | None) -> set[str]:
    """The families that go when a column goes, or the whole table."""
    if column is not None and (table, column) in OPTIONAL:
        return OPTIONAL[table, column]
    lost: set[str] = set()
    for part in ALL:
        for each in part.tables:
            for its in each.columns:
                if each.name == table and column in (None, its.name) and not its.optional:
                    lost |= FAMILIES[part.name]
    return lost


def families(exporter: Bench) -> set[str]:
    """The families that are shown; that of the subscribers as its two kinds."""
    page = exporter.page()
    kinds = {kind for _, kind, *_ in page.pop("podcast_subscribers", {})}
    page.pop("podcast_source_problem")
    return set(page) | kinds


def problem(exporter: Bench) -> dict[tuple[str, ...], float]:
    return exporter.page()["podcast_source_problem"]


async def expect_loss(
    exporter: Bench, caplog: pytest.LogCaptureFixture, what: str, lost: set[str]
) -> None:
    """Poll twice, and find the families gone, everything else as it was, and one line of log."""
    everything = set().union(*FAMILIES.values())
    caplog.clear()
    with caplog.at_level(logging.INFO):
        await exporter.poll()
        await exporter.poll()
    assert families(exporter) == everything - lost
    assert problem(exporter) == {("app", what): 1}
    assert [record.message for record in caplog.records] == [
        f"app: {what}; the metrics that need it are left out"
    ]
    assert all(health.fresh for health in exporter.exporter.health())
    assert any(what in health.reason for health in exporter.exporter.health())


async def expect_return(exporter: Bench, caplog: pytest.LogCaptureFixture, what: str) -> None:
    """Poll twice, and find everything back, and one line of log."""
    caplog.clear()
    with caplog.at_level(logging.INFO):
        await exporter.poll()
        await exporter.poll()
    assert families(exporter) == set().union(*FAMILIES.values())
    assert problem(exporter) == {}
    assert [record.message for record in caplog.records] == [f"app: no longer true: {what}"]
    assert all(health.reason == "" for health in exporter.exporter.health())


@pytest.mark.parametrize(("table", "column"), NEEDED, ids=map(".".join, NEEDED))
async def test_a_missing_column_costs_only_what_needs_it(
    exporter: Bench,
    app: psycopg.Connection,
    caplog: pytest.LogCaptureFixture,
    table: str,
    column: str,
) -> None:
    what = f"column {table}.{column} is missing"
    await exporter.poll()
    rename = SQL("ALTER TABLE {} RENAME {} TO {}")
    app.execute(rename.format(Identifier(table), Identifier(column), Identifier("gone")))
    await expect_loss(exporter, caplog, what, costs(table, column))
    app.execute(rename.format(Identifier(table), Identifier("gone"), Identifier(column)))
    await expect_return(exporter, caplog, what)


@pytest.mark.parametrize("table", sorted({table for table, _ in NEEDED}))
async def test_a_missing_table_costs_only_what_needs_it(
    exporter: Bench, app: psycopg.Connection, caplog: pytest.LogCaptureFixture, table: str
) -> None:
    what = f"table {table} is missing"
    rename = SQL("ALTER TABLE {} RENAME TO {}")
    app.execute(rename.format(Identifier(table), Identifier("gone")))
    await expect_loss(exporter, caplog, what, costs(table, None))
    app.execute(rename.format(Identifier("gone"), Identifier(table)))
    await expect_return(exporter, caplog, what)


@pytest.mark.parametrize(("table", "column"), NEEDED, ids=map(".".join, NEEDED))
async def test_a_column_of_a_strange_type_costs_no_more_than_a_missing_one(
    exporter: Bench,
    app: psycopg.Connection,
    caplog: pytest.LogCaptureFixture,
    table: str,
    column: str,
) -> None:
    app.execute(
        SQL("ALTER TABLE {table} DROP {column} CASCADE, ADD {column} point").format(
            table=Identifier(table), column=Identifier(column)
        )
    )
    what = f"column {table}.{column} has a type that is not understood"
    await expect_loss(exporter, caplog, what, costs(table, column))


async def test_a_role_needs_no_more_than_the_columns_that_are_read(
    exporter: Bench, app: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    role = Identifier("narrow")
    app.execute("DROP ROLE IF EXISTS narrow")
    app.execute("CREATE ROLE narrow")
    for table, column in NEEDED:
        app.execute(
            SQL("GRANT SELECT ({}) ON {} TO {}").format(Identifier(column), Identifier(table), role)
        )
    await exporter.poll()
    before = exporter.page()
    app.execute(SQL("ALTER DATABASE {} SET role = narrow").format(Identifier(app.info.dbname)))
    app.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'nearfield'"
    )
    await exporter.poll()
    assert exporter.page() == before
    app.execute("REVOKE SELECT (reach_count) ON episodes FROM narrow")
    what = "column episodes.reach_count may not be read by our role"
    await expect_loss(exporter, caplog, what, {"podcast_episode_listeners"})
    app.execute("DROP OWNED BY narrow")


async def test_a_locked_table_does_not_hold_up_the_look(
    exporter: Bench, app: psycopg.Connection
) -> None:
    with app.transaction():
        app.execute("LOCK TABLE episode_stats IN ACCESS EXCLUSIVE MODE")
        app.execute("ALTER TABLE episodes DROP reach_count")
        await exporter.poll("podcasts", "rss_subscribers", "email_subscribers")
        assert {"podcast_info", "rss", "email"} <= families(exporter)


NUMBERS = Table("numbers", (Column("n", Kind.NUMBER), Column("m", Kind.NUMBER, optional=True)))


def test_what_is_there_is_no_problem() -> None:
    catalog = {("numbers", name): Found("int4", readable=True) for name in "nm"}
    assert problems([NUMBERS], catalog) == {}


def test_each_problem_says_whether_the_query_can_do_without() -> None:
    catalog = {("numbers", "n"): Found("text", readable=True)}
    assert problems([NUMBERS], catalog) == {
        "column numbers.n has a type that is not understood": False,
        "column numbers.m is missing": True,
    }
    assert problems([NUMBERS], {}) == {"table numbers is missing": False}


def test_a_query_reaches_no_column_that_is_not_declared() -> None:
    catalog = {
        ("numbers", "n"): Found("int4", readable=True),
        ("numbers", "token"): Found("text", True),
    }
    query = narrowed(SQL("SELECT * FROM numbers"), [NUMBERS], catalog)
    assert query.as_string() == (
        'WITH "numbers" AS NOT MATERIALIZED (SELECT "n", NULL::"float8" AS "m" FROM "numbers")\n'
        "SELECT * FROM numbers"
    )


def test_every_part_has_its_families_here() -> None:
    assert tuple(FAMILIES) == PARTS == tuple(part.name for part in ALL)
