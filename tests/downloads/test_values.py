"""What is shown equals what a person finds in the database by hand."""

from typing import LiteralString

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from exporters.downloads.model import WINDOWS
from tests.core.postgres import Postgres
from tests.downloads.bench import Bench, bench

Shown = dict[tuple[str, ...], float]

PUBLIC: LiteralString = (
    " FROM episodes e JOIN podcasts p ON p.id = e.podcast_id"
    " WHERE e.published AND e.published_at <= now() AND e.published_at > 'epoch'"
    " AND p.slug <> 'hush'"
)
BY_HAND: dict[str, LiteralString] = {
    "podcast_info": "SELECT slug, name, CASE status WHEN 1 THEN 'soon' WHEN 2 THEN 'publishing'"
    " WHEN 4 THEN 'archived' END, 1 FROM podcasts WHERE status > 0",
    "podcast_all_time_downloads": "SELECT slug, 'app', download_count FROM podcasts"
    " WHERE status > 0 AND download_count IS NOT NULL",
    "podcast_episode_info": "SELECT p.slug, e.slug, e.title, CASE e.type WHEN 0 THEN 'full'"
    " WHEN 1 THEN 'bonus' WHEN 2 THEN 'trailer' ELSE e.type::text END, 1" + PUBLIC,
    "podcast_episode_published_timestamp_seconds": "SELECT p.slug, e.slug,"
    " extract(epoch FROM e.published_at AT TIME ZONE 'UTC')::float8" + PUBLIC,
    "podcast_episode_audio_bytes": "SELECT p.slug, e.slug, e.audio_bytes" + PUBLIC,
    "podcast_episode_duration_seconds": "SELECT p.slug, e.slug, e.audio_duration"
    + PUBLIC
    + " AND e.audio_duration IS NOT NULL",
    "podcast_episode_downloads": "SELECT p.slug, e.slug, 'app', e.download_count"
    + PUBLIC
    + " AND e.download_count IS NOT NULL",
    "podcast_episode_listeners": "SELECT p.slug, e.slug, 'app', e.reach_count"
    + PUBLIC
    + " AND e.reach_count IS NOT NULL",
    "podcast_stats_last_day_timestamp_seconds": "SELECT 'app',"
    " extract(epoch FROM max(date)::timestamp AT TIME ZONE 'UTC')::float8 FROM episode_stats",
    "podcast_subscribers": "SELECT slug, 'email', '', 'app', (SELECT count(*) FROM subscriptions s"
    " WHERE s.podcast_id = p.id AND s.unsubscribed_at IS NULL) FROM podcasts p WHERE status > 0"
    " UNION ALL SELECT 'ship', 'rss', 'Overcast', 'app', 10"
    " UNION ALL SELECT 'ship', 'rss', 'Feedly', 'app', 7",
}


def by_hand(app: psycopg.Connection, query: LiteralString) -> Shown:
    return {tuple(labels): float(value) for *labels, value in app.execute(query)}


def launches_by_hand(app: psycopg.Connection) -> Shown:
    expected: Shown = {}
    for days in WINDOWS:
        rows = app.execute(
            "SELECT p.slug, e.slug, sum(s.downloads) FROM episode_stats s"
            " JOIN episodes e ON e.id = s.episode_id JOIN podcasts p ON p.id = e.podcast_id"
            " WHERE s.date >= date(e.published_at) AND s.date < date(e.published_at) + %s"
            " AND e.published AND e.published_at <= now() AND p.status > 0 GROUP BY 1, 2",
            [days],
        )
        expected |= {(podcast, slug, "app", str(days)): total for podcast, slug, total in rows}
    return expected


@pytest.mark.parametrize("family", BY_HAND)
async def test_a_family_equals_sql_by_hand(
    exporter: Bench, app: psycopg.Connection, family: str
) -> None:
    await exporter.poll()
    assert exporter.page()[family] == by_hand(app, BY_HAND[family]) != {}


async def test_launch_windows_equal_sql_by_hand(exporter: Bench, app: psycopg.Connection) -> None:
    await exporter.poll("launches")
    shown = exporter.page()["podcast_episode_launch_downloads"]
    assert shown == pytest.approx(launches_by_hand(app))
    assert ("ship", "2", "app", "1") not in shown, "nobody counted that day: unknown is not 0"
    assert shown["ship", "1", "app", "1"] == 500.0, "a day of ten minutes is the first day"
    assert shown["ship", "1", "app", "30"] == shown["ship", "1", "app", "90"], "so far"


async def test_windows_of_many_episodes_equal_sql_by_hand(
    exporter: Bench, app: psycopg.Connection
) -> None:
    app.execute(
        "SELECT setseed(0.5); DELETE FROM episode_stats;"
        " INSERT INTO episodes (id, podcast_id, slug, title, published, published_at,"
        " inserted_at, updated_at)"
        " SELECT 1000 + i, 1, 'many-' || i, 'Many', true, now() - random() * interval '400 days',"
        " now(), now() FROM generate_series(1, 200) AS i;"
        " INSERT INTO episode_stats (date, episode_id, downloads, inserted_at, updated_at)"
        " SELECT day, id, random() * 9, now(), now() FROM episodes,"
        " generate_series(current_date - 420, current_date, interval '1 day') AS day"
        " WHERE random() < 0.7"
    )
    await exporter.poll("launches")
    shown = exporter.page()["podcast_episode_launch_downloads"]
    assert len(shown) > 900
    assert shown == pytest.approx(launches_by_hand(app))


async def test_the_time_zone_of_the_database_moves_nothing(
    postgres: Postgres, app_name: str, exporter: Bench, app: psycopg.Connection
) -> None:
    await exporter.poll()
    app.execute(
        SQL("ALTER DATABASE {} SET TimeZone = 'Pacific/Kiritimati'").format(Identifier(app_name))
    )
    async with bench(postgres.conninfo(app_name)) as elsewhere:
        await elsewhere.poll()
        assert elsewhere.page() == exporter.page()


async def test_timestamps_with_a_zone_are_the_same_moments(
    exporter: Bench, app: psycopg.Connection
) -> None:
    await exporter.poll()
    before = exporter.page()
    app.execute(
        "ALTER TABLE episodes ALTER published_at TYPE timestamptz USING published_at"
        " AT TIME ZONE 'UTC'"
    )
    await exporter.poll()
    assert exporter.page() == before


async def test_ids_may_be_integer_or_bigint_even_mixed(
    exporter: Bench, app: psycopg.Connection
) -> None:
    await exporter.poll()
    before = exporter.page()
    app.execute("ALTER TABLE podcasts ALTER id TYPE bigint")
    app.execute("ALTER TABLE episodes ALTER id TYPE bigint")
    await exporter.poll()
    assert exporter.page() == before
    app.execute("ALTER TABLE episode_stats ALTER episode_id TYPE bigint")
    await exporter.poll()
    assert exporter.page() == before


async def test_an_episode_appears_when_it_is_published_and_goes_when_it_is_withdrawn(
    exporter: Bench, app: psycopg.Connection
) -> None:
    await exporter.poll()
    assert "Scheduled Title" not in exporter.text()
    app.execute("UPDATE episodes SET published_at = now() - interval '1 minute' WHERE id = 3")
    app.execute("UPDATE episodes SET published = false WHERE id = 1")
    await exporter.poll()
    assert ("ship", "3", "Scheduled Title", "full") in exporter.page()["podcast_episode_info"]
    assert not any(labels[:2] == ("ship", "1") for f in exporter.page().values() for labels in f)


async def test_a_show_that_becomes_a_draft_again_is_not_spoken_of(
    exporter: Bench, app: psycopg.Connection
) -> None:
    await exporter.poll()
    app.execute("UPDATE podcasts SET status = 0 WHERE slug = 'ship'")
    await exporter.poll()
    assert not any("ship" in labels for family in exporter.page().values() for labels in family)


async def test_a_corrected_count_may_shrink(exporter: Bench, app: psycopg.Connection) -> None:
    await exporter.poll()
    app.execute("UPDATE episodes SET download_count = 600 WHERE id = 1")
    await exporter.poll()
    assert exporter.page()["podcast_episode_downloads"]["ship", "1", "app"] == 600


async def test_an_app_without_rows_is_read_with_success(
    exporter: Bench, app: psycopg.Connection
) -> None:
    app.execute("TRUNCATE podcasts, episodes, episode_stats, subscriptions CASCADE")
    await exporter.poll()
    assert exporter.page() == {"podcast_source_problem": {}}
    assert all(health.fresh for health in exporter.exporter.health())


async def test_over_the_limit_the_oldest_are_other_and_their_titles_left_out(
    postgres: Postgres, app_name: str
) -> None:
    async with bench(postgres.conninfo(app_name), series_limit=2) as exporter:
        await exporter.poll()
        page = exporter.page()
        assert page["podcast_episode_audio_bytes"] == {
            ("ship", "2"): 0,
            ("ship", "1"): 50_000_000,
            ("other", "other"): 2000,
        }
        assert {slug for _, slug, *_ in page["podcast_episode_info"]} == {"1", "2"}
        assert {podcast for podcast, *_ in page["podcast_episode_info"]} == {"ship"}
        labels = {"family": "podcast_episode_info"}
        assert exporter.registry.get_sample_value("nearfield_series_dropped_total", labels) == 2


async def test_without_a_database_there_is_nothing_and_no_harm() -> None:
    async with bench(None) as exporter:
        assert exporter.page() == {"podcast_source_problem": {}}
