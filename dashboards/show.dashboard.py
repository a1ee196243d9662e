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
    TO_SHOW,
    apps,
    countries,
    podcast_variable,
)
from dashboards.show.launches import launches

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
    countries(PODCASTS),
    apps(PODCASTS),
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
