"""The numbers are consistent with each other and believable."""

from datetime import timedelta

import psycopg
import pytest

from exporters.embedded.sample.catalogue import expected
from exporters.embedded.sample.episodes import episodes
from tests.embedded.sample.asked import number, rows
from tests.embedded.sample.conftest import TODAY


def test_downloads_are_bytes_over_the_size_of_the_file(loaded: psycopg.Connection) -> None:
    wrong = """
        SELECT count(*) FROM episode_stats
        WHERE episode_bytes > 0
        AND abs(downloads - round(total_bytes::numeric / episode_bytes, 2)::float8) > 0.000001
    """
    assert number(loaded, wrong) == 0


def test_demographics_share_out_the_downloads(loaded: psycopg.Connection) -> None:
    ((days, worst),) = rows(
        loaded,
        """
        SELECT count(*), max(abs(downloads - listed.sum) / listed.count)
        FROM episode_stats TABLESAMPLE system (2) REPEATABLE (1)
        CROSS JOIN LATERAL jsonb_each(demographics) AS half
        CROSS JOIN LATERAL (
            SELECT sum(value::float8), count(*) FROM jsonb_each(half.value)
        ) AS listed
        """,
    )
    assert days > 5_000
    assert worst <= 0.0051


def test_busy_days_have_more_agents_and_countries(loaded: psycopg.Connection) -> None:
    widths = rows(
        loaded,
        """
        SELECT
            max(counted.agents) FILTER (WHERE downloads < 2),
            min(counted.agents) FILTER (WHERE downloads >= 2000)
        FROM (
            SELECT
                downloads,
                (SELECT count(*) FROM jsonb_object_keys(demographics -> 'agents')) AS agents
            FROM episode_stats WHERE podcast_id = 1
        ) AS counted
        """,
    )
    assert widths == [(1, 8)]


def test_countries_are_codes_at_first_and_names_of_late(loaded: psycopg.Connection) -> None:
    days = rows(
        loaded,
        """
        SELECT DISTINCT
            date,
            demographics -> 'countries' ? 'US',
            demographics -> 'countries' ? 'united states'
        FROM episode_stats WHERE podcast_id = 1 AND downloads > 500
        """,
    )
    coded = [row[0] for row in days if row[1]]
    named = [row[0] for row in days if row[2]]
    assert coded
    assert named
    assert max(coded) < min(named)


def test_counts_of_episodes_and_shows_are_the_sums_that_the_app_makes(
    loaded: psycopg.Connection,
) -> None:
    wrong = """
        SELECT count(*) FROM episodes
        LEFT JOIN (
            SELECT episode_id, sum(downloads::numeric) AS downloads, sum(uniques) AS uniques
            FROM episode_stats GROUP BY episode_id
        ) AS counts ON counts.episode_id = episodes.id
        WHERE reach_count <> coalesce(uniques, 0)
        OR abs(download_count - round(coalesce(downloads, 0) + import_count::numeric, 2)) > 0.0101
    """
    assert number(loaded, wrong) == 0
    apart = """
        SELECT count(*) FROM podcasts
        LEFT JOIN (
            SELECT podcast_id, sum(download_count) AS downloads, sum(reach_count) AS reach
            FROM episodes GROUP BY podcast_id
        ) AS counts ON counts.podcast_id = podcasts.id
        WHERE reach_count <> reach OR abs(download_count - downloads) > 0.0101
    """
    assert number(loaded, apart) == 0


def test_the_flagship_has_10_to_20_thousand_downloads_an_episode_and_a_small_show_hundreds(
    loaded: psycopg.Connection,
) -> None:
    middle = dict(
        rows(
            loaded,
            """
            SELECT slug, percentile_cont(0.5) WITHIN GROUP (ORDER BY downloads)
            FROM (
                SELECT podcasts.slug, sum(downloads) AS downloads
                FROM episode_stats
                INNER JOIN episodes ON episodes.id = episode_id AND type = 0
                INNER JOIN podcasts ON podcasts.id = episodes.podcast_id
                WHERE date - published_at::date < 30 AND published_at >= %s AND audio_bytes > 0
                GROUP BY podcasts.slug, episode_id
            ) AS launches
            GROUP BY slug
            """,
            TODAY - timedelta(days=365),
        )
    )
    assert 10_000 < middle["lanternfold"] < 20_000
    assert 200 < middle["gravelnotes"] < 1_000


def test_every_launch_decays_and_leaves_a_tail(loaded: psycopg.Connection) -> None:
    launches = rows(
        loaded,
        """
        SELECT
            sum(downloads) FILTER (WHERE age < 7),
            sum(downloads) FILTER (WHERE age BETWEEN 7 AND 29),
            sum(downloads) FILTER (WHERE age BETWEEN 60 AND 89)
        FROM (
            SELECT episode_id, date - published_at::date AS age, downloads
            FROM episode_stats
            INNER JOIN episodes ON episodes.id = episode_id
            WHERE published_at BETWEEN %s AND %s AND audio_bytes > 0
        ) AS aged
        GROUP BY episode_id
        """,
        TODAY - timedelta(days=700),
        TODAY - timedelta(days=120),
    )
    assert len(launches) > 300
    for week, month, later in launches:
        assert week > month > 0
        assert 0 < later < month
    ratios = sorted(week / month for week, month, _ in launches)
    assert ratios[len(ratios) // 2] > 3
    evergreen = [ratio for ratio in ratios if ratio < 2]
    assert 1 <= len(evergreen) < len(ratios) // 10


def test_weekends_are_quieter_and_the_audience_grows(loaded: psycopg.Connection) -> None:
    days = dict(
        rows(
            loaded,
            """
            SELECT extract(isodow FROM date)::int, avg(uniques)::float8
            FROM episode_stats
            INNER JOIN episodes ON episodes.id = episode_id
            WHERE date - published_at::date > 90 AND date >= %s
            GROUP BY 1
            """,
            TODAY - timedelta(days=364),
        )
    )
    assert days[2] > days[6] * 1.15
    this, before = (
        number(
            loaded,
            "SELECT sum(downloads) FROM episode_stats WHERE date >= %s AND date < %s",
            TODAY - timedelta(days=91 + back),
            TODAY - timedelta(days=back),
        )
        for back in (0, 364)
    )
    assert 1.05 < this / before < 1.6


def test_one_day_was_an_outage(loaded: psycopg.Connection) -> None:
    around = dict(
        rows(
            loaded,
            """
            SELECT %s - date, sum(downloads) FROM episode_stats
            INNER JOIN episodes ON episodes.id = episode_id
            WHERE date - published_at::date > 60 AND date >= %s
            GROUP BY date
            """,
            TODAY,
            TODAY - timedelta(days=80),
        )
    )
    assert min(around, key=lambda ago: around[ago]) == 45


@pytest.mark.parametrize("days_ago", [1, 90, 400, 729])
def test_the_database_computes_what_the_catalogue_expects_give_or_take_the_noise(
    loaded: psycopg.Connection, days_ago: int
) -> None:
    day = TODAY - timedelta(days=days_ago)
    measured = dict(
        rows(
            loaded,
            """
            SELECT episode_id, total_bytes FROM episode_stats
            WHERE date = %s AND episode_bytes > 0
            """,
            day,
        )
    )
    listed = {episode.id: episode for episode in episodes(TODAY)}
    assert len(measured) > 500
    for identity, sent in measured.items():
        episode = listed[identity]
        wanted = expected(episode, day, TODAY) * episode.audio_bytes
        assert 0.849 * wanted < sent < 1.151 * wanted + 3


def test_nobody_is_counted_more_often_than_there_are_listeners(
    loaded: psycopg.Connection,
) -> None:
    ((least, ratio),) = rows(
        loaded,
        """
        SELECT min(uniques), sum(uniques) FILTER (WHERE downloads > 100)
            / sum(downloads) FILTER (WHERE downloads > 100)
        FROM episode_stats
        """,
    )
    assert least >= 1
    assert 0.8 < ratio < 0.95
