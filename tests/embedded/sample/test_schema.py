"""The tables are those of the app."""

import psycopg

from tests.embedded.sample.asked import TABLES, number, rows


def test_episode_stats_has_the_indexes_of_the_app_and_none_on_date_alone(
    loaded: psycopg.Connection,
) -> None:
    found = rows(
        loaded,
        """
        SELECT regexp_replace(indexdef, '^CREATE (UNIQUE )?INDEX (\\S+) .*\\((.*)\\)$', '\\1\\3')
        FROM pg_indexes WHERE tablename = 'episode_stats'
        """,
    )
    assert {row[0] for row in found} == {
        "UNIQUE id",
        "UNIQUE date, episode_id",
        "episode_id",
        "podcast_id",
    }


def test_every_foreign_key_is_valid_and_points_at_an_id(loaded: psycopg.Connection) -> None:
    keys = rows(
        loaded,
        """
        SELECT conrelid::regclass || '.' || attname, confrelid::regclass::text, convalidated
        FROM pg_constraint
        INNER JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE contype = 'f' AND connamespace = 'public'::regnamespace
        """,
    )
    assert all(row[2] for row in keys)
    assert {row[:2] for row in keys} >= {
        ("episodes.podcast_id", "podcasts"),
        ("episode_stats.episode_id", "episodes"),
        ("episode_stats.podcast_id", "podcasts"),
        ("feed_stats.feed_id", "feeds"),
        ("feed_stats.podcast_id", "podcasts"),
        ("subscriptions.person_id", "people"),
        ("subscriptions.podcast_id", "podcasts"),
        ("subscriptions.item_id", "news_items"),
        ("subscriptions.episode_id", "episodes"),
        ("feeds.owner_id", "people"),
    }


def test_slugs_are_unique_where_the_app_says_so(loaded: psycopg.Connection) -> None:
    unique = rows(
        loaded,
        "SELECT indexname FROM pg_indexes WHERE indexdef LIKE 'CREATE UNIQUE%%(%%slug%%)'",
    )
    assert {row[0] for row in unique} == {
        "podcasts_slug_index",
        "episodes_slug_podcast_id_index",
        "feeds_slug_index",
    }
    assert number(loaded, "SELECT count(*) FROM pg_indexes WHERE tablename = 'feed_stats'") == 4


def test_times_have_no_zone_and_counts_the_types_of_the_app(loaded: psycopg.Connection) -> None:
    columns = {
        (table, column): kind
        for table, column, kind in rows(
            loaded,
            """
            SELECT table_name, column_name, data_type FROM information_schema.columns
            WHERE table_schema = 'public'
            """,
        )
    }
    assert "timestamp with time zone" not in columns.values()
    assert columns["episode_stats", "date"] == "date"
    assert columns["episode_stats", "total_bytes"] == "bigint"
    assert columns["episode_stats", "downloads"] == "double precision"
    assert columns["episode_stats", "uniques"] == "integer"
    assert columns["episode_stats", "demographics"] == "jsonb"
    assert columns["podcasts", "status"] == "integer"
    assert columns["podcasts", "subscribers"] == "jsonb"
    assert columns["podcasts", "mastodon_token"] == "character varying"
    assert columns["episodes", "audio_chapters"] == "ARRAY"


def test_old_tables_have_integer_ids_and_later_ones_bigint(loaded: psycopg.Connection) -> None:
    kinds = dict(
        rows(
            loaded,
            """
            SELECT table_name, data_type FROM information_schema.columns
            WHERE table_schema = 'public' AND column_name = 'id'
            """,
        )
    )
    assert {kinds[table] for table in ("podcasts", "episodes", "episode_stats")} == {"integer"}
    assert {kinds[table] for table in ("feeds", "feed_stats", "subscriptions")} == {"bigint"}


def test_sequences_go_on_after_the_loaded_ids(loaded: psycopg.Connection) -> None:
    for table in TABLES:
        highest = number(loaded, f"SELECT max(id) FROM {table}")
        assert number(loaded, f"SELECT last_value FROM {table}_id_seq") >= highest
