"""What the sample promises: sizes, times, awkward cases, secrets."""

from datetime import timedelta

import psycopg
import pytest

from exporters.embedded.sample.shows import SHOWS, Status
from tests.embedded.sample.asked import number, rows
from tests.embedded.sample.conftest import TODAY


def test_twelve_shows_of_every_status(loaded: psycopg.Connection) -> None:
    statuses = [row[0] for row in rows(loaded, "SELECT status FROM podcasts")]
    assert len(statuses) == 12
    assert set(statuses) == {0, 1, 2, 3, 4}
    assert statuses.count(Status.PUBLISHING) == 8


def test_about_1500_episodes_and_a_row_a_day_for_two_years(loaded: psycopg.Connection) -> None:
    assert 1450 <= number(loaded, "SELECT count(*) FROM episodes") <= 1550
    assert number(loaded, "SELECT count(*) FROM episode_stats") > 700_000
    ((first, last, days),) = rows(
        loaded, "SELECT min(date), max(date), count(DISTINCT date) FROM episode_stats"
    )
    assert (first, last, days) == (TODAY - timedelta(days=730), TODAY - timedelta(days=1), 730)


def test_each_public_episode_has_a_row_for_every_day_since_it_was_out(
    loaded: psycopg.Connection,
) -> None:
    odd = rows(
        loaded,
        """
        SELECT episodes.id FROM episodes
        INNER JOIN podcasts ON podcasts.id = podcast_id AND podcasts.status <> 4
        LEFT JOIN episode_stats ON episode_id = episodes.id
        GROUP BY episodes.id
        HAVING count(episode_stats.id) <> greatest(
            0, %s - greatest(CASE WHEN published THEN published_at::date ELSE %s END, %s)
        )
        """,
        TODAY,
        TODAY,
        TODAY - timedelta(days=730),
    )
    assert odd == []


def test_an_archived_show_is_no_longer_counted(loaded: psycopg.Connection) -> None:
    (archived,) = (show for show in SHOWS if show.status is Status.ARCHIVED)
    ((last,),) = rows(
        loaded, "SELECT max(date) FROM episode_stats WHERE podcast_id = %s", archived.id
    )
    assert archived.quiet
    assert last == TODAY - timedelta(days=archived.quiet)


def test_there_are_drafts_and_scheduled_episodes_without_stats(loaded: psycopg.Connection) -> None:
    found = rows(
        loaded,
        """
        SELECT published, published_at IS NULL, published_at >= %s, count(*)
        FROM episodes
        WHERE NOT EXISTS (SELECT FROM episode_stats WHERE episode_id = episodes.id)
        GROUP BY 1, 2, 3
        """,
        TODAY,
    )
    kinds = {row[:3] for row in found}
    assert (True, False, True) in kinds, "scheduled"
    assert (False, True, None) in kinds, "drafts without a date"
    assert (False, False, False) in kinds, "drafts with a date that has passed"


def test_there_are_full_bonus_and_trailer_episodes(loaded: psycopg.Connection) -> None:
    counts = dict(rows(loaded, "SELECT type, count(*) FROM episodes GROUP BY type"))
    assert set(counts) == {0, 1, 2}
    assert min(counts.values()) >= 10


def test_shows_share_slugs_of_episodes(loaded: psycopg.Connection) -> None:
    shared = "SELECT count(*) FROM (SELECT FROM episodes GROUP BY slug HAVING count(*) > 1) AS s"
    assert number(loaded, shared) > 10


@pytest.mark.parametrize("sign", ['"', "'", "\\", "🚀", "<b>", "&", "{", "\t", "%", "م", "こ"])
def test_titles_hold_signs_that_break_careless_software(
    loaded: psycopg.Connection, sign: str
) -> None:
    assert number(loaded, "SELECT count(*) FROM episodes WHERE strpos(title, %s) > 0", sign) > 0


def test_the_longest_title_fills_its_column(loaded: psycopg.Connection) -> None:
    assert number(loaded, "SELECT max(length(title)) FROM episodes") == 255


def test_episodes_without_a_size_have_bytes_and_no_downloads(loaded: psycopg.Connection) -> None:
    ((episodes, least, most),) = rows(
        loaded,
        """
        SELECT count(DISTINCT episode_id), min(total_bytes), max(downloads)
        FROM episode_stats WHERE episode_bytes = 0
        """,
    )
    assert episodes
    assert least
    assert most == 0


def test_episodes_from_before_the_stats_were_imported(loaded: psycopg.Connection) -> None:
    begins = TODAY - timedelta(days=730)
    both = rows(
        loaded,
        """
        SELECT DISTINCT coalesce(published_at < %s AND published, false), import_count > 0
        FROM episodes
        """,
        begins,
    )
    assert sorted(both) == [(False, False), (True, True)]


def test_secrets_are_there_to_be_kept(loaded: psycopg.Connection) -> None:
    assert number(loaded, "SELECT count(*) FROM feeds WHERE slug ~ '^[0-9A-F]{32}$'") == 48
    tokens = "SELECT count(*) FROM podcasts WHERE mastodon_token ~ '^[A-Za-z0-9_-]{43}$'"
    assert number(loaded, tokens) == 8
    assert number(loaded, "SELECT count(*) FROM people WHERE auth_token ~ '^[0-9A-F]{16}$'") >= 10


def test_newsletters_have_readers_who_stay_and_readers_who_left(
    loaded: psycopg.Connection,
) -> None:
    for show in SHOWS:
        ((active, ended),) = rows(
            loaded,
            """
            SELECT count(*) FILTER (WHERE unsubscribed_at IS NULL), count(unsubscribed_at)
            FROM subscriptions WHERE podcast_id = %s
            """,
            show.id,
        )
        assert active == show.newsletter
        assert bool(ended) == bool(show.newsletter)
    wrong = "SELECT count(*) FROM subscriptions WHERE unsubscribed_at < inserted_at"
    assert number(loaded, wrong) == 0
    ended_late = "SELECT count(*) FROM subscriptions WHERE unsubscribed_at >= %s"
    assert number(loaded, ended_late, TODAY) == 0


def test_subscribers_are_what_the_feed_fetchers_said(loaded: psycopg.Connection) -> None:
    told = rows(
        loaded,
        """
        SELECT podcasts.slug, agent.key, substring(agent.value ->> 'raw' FROM '(\\d+) subscribers')
        FROM feed_stats
        INNER JOIN podcasts ON podcasts.id = podcast_id
        CROSS JOIN jsonb_each(feed_stats.agents) AS agent
        WHERE date = %s AND agent.value ->> 'raw' ~ ' subscribers'
        """,
        TODAY - timedelta(days=1),
    )
    kept = rows(
        loaded,
        """
        SELECT slug, entry.key, entry.value
        FROM podcasts
        CROSS JOIN jsonb_each_text(subscribers) AS entry
        """,
    )
    assert sorted(kept) == sorted(row for row in told if int(row[2]) >= 5)
    assert number(loaded, "SELECT count(*) FROM podcasts WHERE subscribers IS NULL") == 1


def test_stats_of_feeds_are_of_a_show_or_of_a_private_feed(loaded: psycopg.Connection) -> None:
    both = rows(loaded, "SELECT podcast_id IS NULL, feed_id IS NULL FROM feed_stats GROUP BY 1, 2")
    assert sorted(both) == [(False, True), (True, False)]
    twice = rows(
        loaded,
        """
        SELECT date FROM feed_stats WHERE podcast_id IS NOT NULL
        GROUP BY date, podcast_id HAVING count(*) > 1
        """,
    )
    assert len(twice) == 1


def test_the_whole_is_smaller_than_400_mb(loaded: psycopg.Connection) -> None:
    assert number(loaded, "SELECT pg_database_size(current_database())") < 400e6
