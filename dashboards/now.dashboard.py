"""Now: is the audience as large as it should be, and if not, why not."""

from dashboards.lib import (
    GREEN,
    ORANGE,
    RED,
    Dashboard,
    Loki,
    Postgres,
    Prometheus,
    Unit,
    bar_gauge,
    row,
    stat,
    states,
    steps,
    table,
    timeseries,
)
from dashboards.questions import (
    CDN_LOGS,
    TO_ALL_OF_THE_CDN,
    TO_CDN,
    TO_LOGS,
    TO_SERVICE,
    TO_SHOW,
    USUAL_LAUNCH,
    podcast_variable,
)

PER_MINUTE = '60 * sum(rate(podcast_downloads_total{podcast=~"$podcast"}[15m]))'
LAST_WEEKS = "\n+ ".join(
    f'(60 * sum(rate(podcast_downloads_total{{podcast=~"$podcast"}}[15m] offset {week}w)))'
    for week in (1, 2, 3, 4)
)

audience = row(
    "Audience",
    stat(
        "downloads-hour",
        "Downloads, last hour",
        "Downloads that were counted in the last hour.",
        Prometheus('sum(increase(podcast_downloads_total{podcast=~"$podcast"}[1h]))'),
        unit=Unit.COUNT,
    ),
    stat(
        "downloads-against-week",
        "Against last week",
        "The last hour's downloads as a share of those of the same hour a week ago.",
        Prometheus(
            'sum(increase(podcast_downloads_total{podcast=~"$podcast"}[1h]))'
            ' / sum(increase(podcast_downloads_total{podcast=~"$podcast"}[1h] offset 1w))'
        ),
        unit=Unit.SHARE,
        maximum=2,
        thresholds=steps(RED, (0.5, ORANGE), (0.8, GREEN)),
        background=True,
        graph=False,
    ),
    stat(
        "site-health",
        "Answers without 5xx",
        "Share of the CDN's answers that were no server error.",
        Prometheus(
            '1 - sum(rate(cdn_requests_total{status=~"5.."}[$__rate_interval]))'
            " / sum(rate(cdn_requests_total[$__rate_interval]))"
        ),
        unit=Unit.SHARE,
        decimals=2,
        thresholds=steps(RED, (0.99, ORANGE), (0.999, GREEN)),
        links=[TO_ALL_OF_THE_CDN],
        logs=CDN_LOGS,
    ),
    stat(
        "hit-ratio",
        "CDN hit ratio",
        "Share of requests that the CDN answered from its cache.",
        Prometheus(
            'sum(rate(cdn_requests_total{cache=~"HIT.*"}[$__rate_interval]))'
            " / sum(rate(cdn_requests_total[$__rate_interval]))"
        ),
        unit=Unit.SHARE,
        links=[TO_ALL_OF_THE_CDN],
        logs=CDN_LOGS,
    ),
    stat(
        "alerts-firing",
        "Alerts firing",
        "Alerts that fire now, those of severity info left out.",
        Prometheus('count(ALERTS{alertstate="firing", severity=~"critical|warning"}) or vector(0)'),
        unit=Unit.COUNT,
        thresholds=steps(GREEN, (1, RED)),
        background=True,
        graph=False,
    ),
    stat(
        "since-deploy",
        "Last deploy",
        "When a service last began to run another version.",
        Prometheus("max(deploy_last_timestamp_seconds) * 1000"),
        unit=Unit.AGO,
        graph=False,
    ),
    timeseries(
        "downloads-weeks",
        "Downloads a minute, against the last weeks",
        "Downloads a minute over 15 minutes, beside the mean of the same minute in the last four"
        " weeks, and last week's.",
        Prometheus(PER_MINUTE, "now"),
        Prometheus(f"({LAST_WEEKS}) / 4", "mean of four weeks"),
        Prometheus(
            '60 * sum(rate(podcast_downloads_total{podcast=~"$podcast"}[15m] offset 1w))',
            "a week ago",
        ),
        unit=Unit.PER_MINUTE,
        width=24,
        height=9,
        calcs=("mean", "max", "lastNotNull"),
    ),
    timeseries(
        "downloads-shows",
        "Downloads a minute by show",
        "Which shows are being downloaded.",
        Prometheus(
            "topk(12, 60 * sum by (podcast)"
            ' (rate(podcast_downloads_total{podcast=~"$podcast"}[15m])))',
            "{{podcast}}",
        ),
        unit=Unit.PER_MINUTE,
        stack=True,
        links=[TO_SHOW],
    ),
    timeseries(
        "newest-launch",
        "Newest episode's launch, against the usual",
        "Downloads of the newest chosen episode by its age, beside the median of the twelve before"
        " it; the left edge is publication, the right edge seven days later.",
        Postgres(USUAL_LAUNCH, format="time_series"),
        unit=Unit.COUNT,
        days=7,
    ),
    bar_gauge(
        "countries",
        "Countries, last hour",
        "Where the last hour's downloads went, the ten largest countries.",
        Prometheus(
            "topk(10, sum by (country)"
            ' (increase(podcast_country_downloads_total{podcast=~"$podcast"}[1h])))',
            "{{country}}",
            instant=True,
        ),
        unit=Unit.COUNT,
        width=12,
    ),
    bar_gauge(
        "apps",
        "Apps, last hour",
        "What the last hour's downloads were made with, the ten largest apps.",
        Prometheus(
            "topk(10, sum by (app)"
            ' (increase(podcast_app_downloads_total{podcast=~"$podcast"}[1h])))',
            "{{app}}",
            instant=True,
        ),
        unit=Unit.COUNT,
        width=12,
    ),
)

over = row(
    "Business over infrastructure, on one time axis",
    timeseries(
        "overlay",
        "Downloads, server errors and error lines",
        "Downloads a minute (left) with 5xx answers a second and lines of level error a second"
        " (right), under deploys, episodes and alerts.",
        Prometheus(PER_MINUTE, "downloads a minute"),
        Prometheus(
            'sum(rate(cdn_requests_total{status=~"5.."}[$__rate_interval]))', "5xx a second"
        ),
        Loki(
            'sum(rate({service=~".+"} | level=~"error|critical" [$__auto]))', "error lines a second"
        ),
        unit=Unit.PER_MINUTE,
        right={
            "5xx a second": Unit.REQUESTS_PER_SECOND,
            "error lines a second": Unit.PER_SECOND,
        },
        width=24,
        height=9,
        logs='{service=~".+"} | level=~"error|critical"',
    ),
    timeseries(
        "overlay-errors",
        "5xx by host",
        "Server errors that listeners and visitors got, by host.",
        Prometheus(
            'sum by (host) (rate(cdn_requests_total{status=~"5.."}[$__rate_interval]))', "{{host}}"
        ),
        unit=Unit.REQUESTS_PER_SECOND,
        width=24,
        height=5,
        links=[TO_CDN],
        logs=CDN_LOGS + ' | status=~"5.."',
    ),
    timeseries(
        "overlay-database",
        "Database: connections and whether it is up",
        "Connections of each database (left), and 1 while the server answers (right).",
        Prometheus("sum by (datname) (pg_stat_activity_count)", "{{datname}}"),
        Prometheus("min(pg_up)", "up"),
        unit=Unit.COUNT,
        right={"up": Unit.NONE},
        width=24,
        height=5,
        logs='{service=~".*(postgres|db|database).*"}',
    ),
    timeseries(
        "overlay-cpu",
        "CPU by service",
        "Cores in use by each service.",
        Prometheus(
            "topk(10, sum by (service)"
            " (rate(container_cpu_usage_seconds_total[$__rate_interval])))",
            "{{service}}",
        ),
        unit=Unit.COUNT,
        width=24,
        height=5,
        links=[TO_SERVICE, TO_LOGS],
        logs='{service=~".+"}',
    ),
    timeseries(
        "overlay-logs",
        "Error lines by service",
        "Lines of level error and worse that each service wrote.",
        Loki(
            'sum by (service) (rate({service=~".+"} | level=~"error|critical" [$__auto]))',
            "{{service}}",
        ),
        unit=Unit.PER_SECOND,
        width=24,
        height=5,
        links=[TO_LOGS],
        logs='{service=~".+"} | level=~"error|critical"',
    ),
)

people = row(
    "What a person should know",
    states(
        "alerts",
        "Alerts",
        "Which alerts fired when.",
        Prometheus(
            "max by (alertname, service)"
            ' (ALERTS{alertstate="firing", severity=~"critical|warning"})',
            "{{alertname}} {{service}}",
        ),
        colors={1: ("firing", RED)},
        nothing="no alert fired",
        width=12,
    ),
    table(
        "deploys",
        "Deploys",
        "The newest deploys, what became of them, and how long they took in seconds.",
        Postgres(
            """
            SELECT
                started_at AS "started", service, stack, version, deployer,
                coalesce(outcome, 'under way') AS outcome,
                round(extract(EPOCH FROM ended_at - started_at)) AS seconds
            FROM nearfield.deploys
            WHERE outcome IS DISTINCT FROM 'found'
            ORDER BY started_at DESC
            LIMIT 20
            """
        ),
        units={"seconds": Unit.SECONDS},
        width=12,
    ),
)

dashboard = Dashboard(
    uid="nearfield-now",
    title="Nearfield 1: Now",
    description="Is the audience as large as it should be, and if not, why not.",
    rows=[audience, over, people],
    variables=[podcast_variable()],
    logs='{service=~".+"}',
    refresh="30s",
)
