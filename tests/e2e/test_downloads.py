import re
import subprocess

import psycopg
import pytest

from tests.e2e.processes import Nearfield, Prometheus, get
from tests.programs import program

# Computed by hand in SQL, by other means than the exporter's: label names, then the value.
BY_HAND = {
    "podcast_all_time_downloads": (
        ("podcast", "source"),
        "SELECT slug, 'app', download_count FROM podcasts WHERE status > 0",
    ),
    "podcast_episode_downloads": (
        ("podcast", "episode", "source"),
        """SELECT p.slug, e.slug, 'app', e.download_count FROM episodes e JOIN podcasts p
           ON p.id = e.podcast_id
           WHERE e.published AND e.published_at <= now() AT TIME ZONE 'UTC'""",
    ),
    "podcast_episode_launch_downloads": (
        ("podcast", "episode", "source", "days"),
        """SELECT p.slug, e.slug, 'app', d::text, sum(s.downloads)
           FROM (VALUES (1), (3), (7), (30), (90)) AS days (d), episodes e
           JOIN podcasts p ON p.id = e.podcast_id JOIN episode_stats s ON s.episode_id = e.id
           WHERE e.published AND e.published_at <= now() AT TIME ZONE 'UTC'
           AND s.date >= date_trunc('day', e.published_at)
           AND s.date < date_trunc('day', e.published_at) + d * interval '1 day'
           GROUP BY 1, 2, 3, 4""",
    ),
    "podcast_subscribers{kind='email'}": (
        ("podcast", "kind", "app", "source"),
        """SELECT p.slug, 'email', '', 'app', (SELECT count(*) FROM subscriptions s
           WHERE s.podcast_id = p.id AND s.unsubscribed_at IS NULL)
           FROM podcasts p WHERE p.status > 0""",
    ),
    "podcast_subscribers{kind='rss'}": (
        ("podcast", "kind", "app", "source"),
        """SELECT p.slug, 'rss', a.key, 'app', a.value::int
           FROM podcasts p, jsonb_each_text(p.subscribers) a WHERE p.status > 0""",
    ),
    "podcast_stats_last_day_timestamp_seconds": (
        ("source",),
        "SELECT 'app', extract(epoch FROM max(date)) FROM episode_stats",
    ),
}


@pytest.mark.parametrize("family", BY_HAND)
def test_prometheus_answers_what_sql_by_hand_says(
    family: str, scraping: Prometheus, app_database: str
) -> None:
    names, query = BY_HAND[family]
    with psycopg.connect(app_database) as connection:
        rows = connection.execute(query.encode()).fetchall()
    expected = {
        tuple(sorted((k, v) for k, v in zip(names, labels, strict=True) if v)): pytest.approx(value)
        for *labels, value in rows
    }
    assert scraping.query(family) == expected
    assert expected


def test_promtool_finds_nothing_to_say_about_the_metrics(running: Nearfield) -> None:
    promtool = program("promtool", package="prometheus")
    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=running.metrics(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_no_secret_of_the_app_is_shown_anywhere(running: Nearfield, app_database: str) -> None:
    with psycopg.connect(app_database) as connection:
        secrets = {
            secret
            for query in (
                "SELECT slug FROM feeds",
                "SELECT mastodon_token FROM podcasts WHERE mastodon_token IS NOT NULL",
            )
            for (secret,) in connection.execute(query.encode())
        }
    shown = "".join(get(f"{running.url}{path}")[1] for path in ("/", "/metrics", "/readyz"))
    words = set(re.findall(r"[\w-]+", shown + running.log()))
    assert secrets
    assert not secrets & words
