"""Show: how a podcast does, over its launches, its listeners and the years."""

from dashboards.lib import (
    GREEN,
    ORANGE,
    RED,
    Dashboard,
    Postgres,
    Prometheus,
    Unit,
    bar_gauge,
    bars,
    row,
    stat,
    steps,
    table,
    timeseries,
)
from dashboards.questions import (
    BORN,
    CDN_LOGS,
    PODCASTS,
    TO_EPISODE,
    TO_EPISODE_OF_ROW,
    TO_SHOW,
    launch_curves,
    podcast_variable,
)

today = row(
    "The show",
    stat(
        "all-time",
        "Downloads, all time",
        "Downloads since the first day, by the app's own count and by the stream's.",
        Prometheus(
            'sum by (source) (podcast_all_time_downloads{podcast=~"$podcast"})', "{{source}}"
        ),
        unit=Unit.COUNT,
        width=6,
        names=True,
    ),
    stat(
        "subscribers",
        "Subscribers",
        "Who follows by feed, as feed readers say, and by mail.",
        Prometheus('sum by (kind) (podcast_subscribers{podcast=~"$podcast"})', "{{kind}}"),
        unit=Unit.COUNT,
        width=6,
        names=True,
    ),
    stat(
        "day",
        "Downloads, last 24 hours",
        "Downloads that were counted in the last 24 hours.",
        Prometheus('sum(increase(podcast_downloads_total{podcast=~"$podcast"}[1d]))'),
        unit=Unit.COUNT,
        width=4,
    ),
    stat(
        "reconciliation",
        "Stream over app",
        "File equivalents that the stream saw over those that the app counted, on the newest day"
        " that both have; 1 is agreement.",
        Prometheus('podcast_reconciliation_ratio{podcast=~"$podcast"}', "{{podcast}}"),
        unit=Unit.SHARE,
        maximum=2,
        decimals=1,
        width=4,
        thresholds=steps(RED, (0.9, ORANGE), (0.95, GREEN), (1.05, ORANGE), (1.1, RED)),
        graph=False,
    ),
    stat(
        "evergreen",
        "Evergreen share",
        "Share of the time range's downloads that went to episodes older than 30 days.",
        Postgres(
            f"""
            SELECT
                (sum(h.downloads) FILTER (WHERE h.hour > {BORN} + interval '30 days'))
                / nullif(sum(h.downloads), 0)::double precision AS share
            FROM nearfield.episode_hours AS h
            INNER JOIN nearfield.episodes AS e ON e.podcast = h.podcast AND e.episode = h.episode
            WHERE $__timeFilter(h.hour) AND {PODCASTS}
            """
        ),
        unit=Unit.SHARE,
        width=4,
    ),
    timeseries(
        "daily",
        "Downloads a day",
        "Downloads by UTC day and show, from the ledger.",
        Postgres(
            f"""
            SELECT
                e.day::timestamp AT TIME ZONE 'UTC' AS time,
                e.podcast AS metric,
                sum(e.downloads) AS value
            FROM nearfield.episode_days AS e
            WHERE $__timeFilter(e.day) AND {PODCASTS}
            GROUP BY e.day, e.podcast
            ORDER BY time
            """,
            format="time_series",
        ),
        unit=Unit.COUNT,
        stack=True,
        calcs=("sum", "mean", "max"),
    ),
    timeseries(
        "live",
        "Downloads a minute",
        "Downloads a minute as they come in, by show.",
        Prometheus(
            '60 * sum by (podcast) (rate(podcast_downloads_total{podcast=~"$podcast"}[15m]))',
            "{{podcast}}",
        ),
        unit=Unit.PER_MINUTE,
        links=[TO_SHOW],
    ),
)

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

listeners = row(
    "Listeners",
    bar_gauge(
        "tenths",
        "How far people get",
        "How many downloads of the last day held each tenth of the file whole.",
        Prometheus(
            'sum by (tenth) (increase(podcast_delivered_tenths_total{podcast=~"$podcast"}[1d]))',
            "tenth {{tenth}}",
            instant=True,
        ),
        unit=Unit.COUNT,
    ),
    bar_gauge(
        "countries",
        "Countries",
        "Downloads in the time range by country, the 15 largest.",
        Postgres(
            f"""
            SELECT coalesce(nullif(e.country, ''), 'unknown') AS country,
                sum(e.downloads) AS downloads
            FROM nearfield.episode_countries AS e
            WHERE $__timeFilter(e.day) AND {PODCASTS}
            GROUP BY 1 ORDER BY 2 DESC LIMIT 15
            """
        ),
        unit=Unit.COUNT,
        rows=True,
    ),
    bar_gauge(
        "apps",
        "Apps",
        "Downloads in the time range by app, the 15 largest.",
        Postgres(
            f"""
            SELECT e.app, sum(e.downloads) AS downloads
            FROM nearfield.episode_apps AS e
            WHERE $__timeFilter(e.day) AND {PODCASTS}
            GROUP BY 1 ORDER BY 2 DESC LIMIT 15
            """
        ),
        unit=Unit.COUNT,
        rows=True,
    ),
    timeseries(
        "subscribers-time",
        "Subscribers by app",
        "Who follows the show, by feed reader, and by mail.",
        Prometheus(
            'topk(12, sum by (kind, app) (podcast_subscribers{podcast=~"$podcast"}))',
            "{{kind}} {{app}}",
        ),
        unit=Unit.COUNT,
    ),
    timeseries(
        "feeds",
        "Feed requests by app",
        "How often feeds are asked for: a silent feed loses its listeners.",
        Prometheus(
            "topk(12, 60 * sum by (app)"
            ' (rate(podcast_feed_requests_total{podcast=~"$podcast"}[$__rate_interval])))',
            "{{app}}",
        ),
        unit=Unit.PER_MINUTE,
    ),
)

details = row(
    "Facts",
    table(
        "shows",
        "Shows",
        "The shows of the app, with its word for their state.",
        Prometheus('podcast_info{podcast=~"$podcast"}', instant=True, format="table"),
        hide=("Value", "__name__", "instance", "job"),
    ),
    timeseries(
        "traffic",
        "Audio delivered",
        "Bytes of audio a second that went out, by show.",
        Prometheus(
            "sum by (podcast)"
            ' (rate(podcast_delivered_bytes_total{podcast=~"$podcast"}[$__rate_interval]))',
            "{{podcast}}",
        ),
        unit=Unit.BYTES_PER_SECOND,
        links=[TO_SHOW],
    ),
    collapsed=True,
)

dashboard = Dashboard(
    uid="nearfield-show",
    title="Nearfield 2: Show",
    description="How a podcast does, over its launches, its listeners and the years.",
    rows=[today, launches, listeners, details],
    variables=[podcast_variable()],
    logs=CDN_LOGS,
    time="now-30d",
    refresh="5m",
)
