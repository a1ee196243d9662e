"""Launches of a show."""

from dashboards.lib import Postgres, Prometheus, Unit, bar_gauge, bars, row, table, timeseries
from dashboards.questions import BORN, PODCASTS, TO_EPISODE, TO_EPISODE_OF_ROW, launch_curves

launches = row(
    "Launches",
    bars(
        "first-seven-days",
        "First seven days of every episode",
        "Downloads within seven days of publication, episode by episode in the order of"
        " publication; those of the last week are still growing.",
        Postgres(
            f"""
            SELECT name, downloads FROM (
                SELECT e.podcast || ' ' || e.episode AS name, t.launch_7 AS downloads,
                    {BORN} AS born
                FROM nearfield.totals AS t
                INNER JOIN nearfield.episodes AS e ON e.id = t.episode_id
                WHERE {PODCASTS} AND e.published_at IS NOT NULL
                ORDER BY born DESC
                LIMIT 100
            ) AS newest ORDER BY born
            """
        ),
        unit=Unit.COUNT,
        width=24,
        height=9,
    ),
    timeseries(
        "curves",
        "Launch curves by age",
        "Downloads of the twelve newest episodes, summed up by age: the left edge is publication,"
        " and what the time range spans is the age at the right edge.",
        Postgres(launch_curves(PODCASTS, 12), format="time_series"),
        unit=Unit.COUNT,
        height=10,
    ),
    table(
        "launches",
        "Launches",
        "Downloads so far within the first days of each episode; final at that age.",
        Postgres(
            f"""
            SELECT
                e.podcast, e.episode, e.title, e.published_at AS published,
                t.launch_1 AS "1 day", t.launch_3 AS "3 days", t.launch_7 AS "7 days",
                t.launch_30 AS "30 days", t.launch_90 AS "90 days", t.downloads AS "all time"
            FROM nearfield.totals AS t
            INNER JOIN nearfield.episodes AS e ON e.id = t.episode_id
            WHERE {PODCASTS}
            ORDER BY coalesce(e.published_at, e.seen_at) DESC
            LIMIT 500
            """
        ),
        height=10,
        column_links={"episode": [TO_EPISODE_OF_ROW]},
    ),
    bar_gauge(
        "best",
        "Best first weeks",
        "The episodes with the most downloads in their first seven days, by the app's count.",
        Prometheus(
            "topk(15, podcast_episode_launch_downloads"
            '{podcast=~"$podcast", source="app", days="7"})',
            "{{podcast}} {{episode}}",
            instant=True,
        ),
        unit=Unit.COUNT,
        links=[TO_EPISODE],
        width=12,
    ),
    timeseries(
        "age",
        "New against old",
        "Downloads a day of episodes younger than 30 days, and of older ones.",
        Postgres(
            f"""
            SELECT
                date_trunc('day', h.hour, 'UTC') AS time,
                CASE WHEN h.hour <= {BORN} + interval '30 days' THEN 'younger than 30 days'
                    ELSE 'evergreen' END AS metric,
                sum(h.downloads) AS value
            FROM nearfield.episode_hours AS h
            INNER JOIN nearfield.episodes AS e ON e.podcast = h.podcast AND e.episode = h.episode
            WHERE $__timeFilter(h.hour) AND {PODCASTS}
            GROUP BY 1, 2
            ORDER BY time
            """,
            format="time_series",
        ),
        unit=Unit.COUNT,
        stack=True,
    ),
)
