"""Outage impact: what an outage cost in downloads, from the ledger's hours, for any year."""

from dashboards.lib import (
    RED,
    Dashboard,
    Postgres,
    Prometheus,
    Unit,
    labels,
    row,
    stat,
    states,
    table,
    timeseries,
)
from dashboards.questions import CDN_LOGS, IMPACT, PODCASTS, TO_CDN, TO_SERVICE, podcast_variable

TO_ALERT = {
    "title": "This alert's time",
    "url": "/d/nearfield-outage?from=${__data.fields.began.numeric}"
    "&to=${__data.fields.ended.numeric}&var-alert=${__data.fields.alertname}",
}


def total(expression: str, alias: str) -> Postgres:
    """Return one number of all chosen shows together."""
    return Postgres(f"{IMPACT} SELECT {expression} AS {alias} FROM compared")


LOST = "sum(greatest(expected - seen, 0)) FILTER (WHERE inside)"
MADE_UP = "sum(greatest(seen - expected, 0)) FILTER (WHERE NOT inside)"

cost = row(
    "What it cost: choose the time of an outage at the top right, or an alert below",
    stat(
        "expected",
        "Expected",
        "Downloads to be expected: the median of the same hours in the last four weeks.",
        total("sum(expected) FILTER (WHERE inside)", "expected"),
        unit=Unit.COUNT,
        width=6,
        graph=False,
    ),
    stat(
        "seen",
        "Seen",
        "Downloads that were counted.",
        total("sum(seen) FILTER (WHERE inside)", "seen"),
        unit=Unit.COUNT,
        width=6,
        graph=False,
    ),
    stat(
        "lost",
        "Lost",
        "Downloads missing from what was to be expected, added up by hour and show.",
        total(LOST, "lost"),
        unit=Unit.COUNT,
        width=6,
        graph=False,
    ),
    stat(
        "made-up",
        "Made up later",
        "Downloads above what was to be expected, in the two days after the time range.",
        total(f"coalesce({MADE_UP}, 0)", "made_up"),
        unit=Unit.COUNT,
        width=6,
        graph=False,
    ),
    timeseries(
        "hours",
        "Downloads an hour, seen and expected",
        "The chosen shows together, by hour.",
        Postgres(
            f"""{IMPACT}
            SELECT hour AS time, sum(seen) AS seen, sum(expected) AS expected
            FROM compared WHERE inside GROUP BY hour ORDER BY hour
            """,
            format="time_series",
        ),
        unit=Unit.COUNT,
        width=24,
        height=9,
    ),
    table(
        "shows",
        "By show",
        "Downloads expected, seen, lost, made up in the two days after, and what stays lost.",
        Postgres(
            f"""{IMPACT}
            SELECT
                podcast,
                round(sum(expected) FILTER (WHERE inside)) AS expected,
                sum(seen) FILTER (WHERE inside) AS seen,
                round({LOST}) AS lost,
                round(coalesce({MADE_UP}, 0)) AS "made up later",
                round(greatest({LOST} - coalesce({MADE_UP}, 0), 0)) AS "stays lost"
            FROM compared GROUP BY podcast ORDER BY lost DESC NULLS LAST
            """
        ),
    ),
    table(
        "countries",
        "By country",
        "Downloads of the UTC days of the time range, beside the mean of the same weekdays of the"
        " last four weeks; countries are kept by day.",
        Postgres(
            f"""
            WITH bounds AS (
                SELECT
                    ($__timeFrom()::timestamptz AT TIME ZONE 'UTC')::date AS began,
                    (least($__timeTo()::timestamptz, now()) AT TIME ZONE 'UTC')::date AS ended
            ),
            daily AS (
                SELECT e.country, e.day, sum(e.downloads) AS downloads
                FROM nearfield.episode_countries AS e
                CROSS JOIN bounds AS b
                WHERE e.day BETWEEN b.began - 28 AND b.ended AND {PODCASTS}
                GROUP BY e.country, e.day
            ),
            grid AS (
                SELECT c.country, b.began + n AS day
                FROM bounds AS b
                CROSS JOIN generate_series(0, b.ended - b.began) AS n
                CROSS JOIN (SELECT DISTINCT country FROM daily) AS c
            ),
            usual AS (
                SELECT g.country, g.day, avg(coalesce(d.downloads, 0)) AS expected
                FROM grid AS g
                CROSS JOIN generate_series(1, 4) AS week
                LEFT JOIN daily AS d ON d.country = g.country AND d.day = g.day - 7 * week
                WHERE g.day - 7 * week >= (SELECT min(day) FROM nearfield.countries)
                GROUP BY g.country, g.day
            )
            SELECT
                coalesce(nullif(g.country, ''), 'unknown') AS country,
                coalesce(sum(d.downloads), 0) AS seen,
                round(sum(u.expected)) AS usual,
                round(greatest(sum(u.expected) - coalesce(sum(d.downloads), 0), 0)) AS lost
            FROM grid AS g
            LEFT JOIN daily AS d ON d.country = g.country AND d.day = g.day
            LEFT JOIN usual AS u ON u.country = g.country AND u.day = g.day
            GROUP BY g.country
            ORDER BY lost DESC NULLS LAST, seen DESC
            LIMIT 30
            """
        ),
    ),
)

cause = row(
    "The cause, on the same time axis",
    states(
        "alerts",
        "Alerts",
        "The chosen alerts, when they fired.",
        Prometheus(
            'max by (alertname, service) (ALERTS{alertstate="firing", alertname=~"$alert"})',
            "{{alertname}} {{service}}",
        ),
        colors={1: ("firing", RED)},
        nothing="none of the chosen alerts fired",
    ),
    table(
        "alert-times",
        "Alerts in the time range",
        "When the chosen alerts began and were last seen to fire; follow one to choose its time.",
        Prometheus(
            "min by (alertname, service)"
            ' (min_over_time(ALERTS_FOR_STATE{alertname=~"$alert"}[$__range])) * 1000',
            instant=True,
            format="table",
        ),
        Prometheus(
            "max by (alertname, service) (max_over_time(timestamp("
            'ALERTS{alertstate="firing", alertname=~"$alert"})[$__range:1m])) * 1000',
            instant=True,
            format="table",
        ),
        names={"Value #A": "began", "Value #B": "ended"},
        units={"began": Unit.TIME, "ended": Unit.TIME},
        column_links={"alertname": [TO_ALERT]},
        nothing="no alert fired",
    ),
    timeseries(
        "errors",
        "5xx by host",
        "Server errors at the CDN.",
        Prometheus(
            'sum by (host) (rate(cdn_requests_total{status=~"5.."}[$__rate_interval]))', "{{host}}"
        ),
        unit=Unit.REQUESTS_PER_SECOND,
        width=24,
        height=6,
        links=[TO_CDN],
        logs=CDN_LOGS + ' | status=~"5.."',
    ),
    timeseries(
        "restarts",
        "Restarts and OOM kills",
        "Restarts and out-of-memory events of services in ten minutes.",
        Prometheus(
            "sum by (service) (increase(container_restarts_total[10m]))"
            " + sum by (service) (increase(container_oom_events_total[10m]))",
            "{{service}}",
        ),
        unit=Unit.COUNT,
        width=24,
        height=6,
        links=[TO_SERVICE],
        logs='{service=~".+"} | level=~"error|critical"',
    ),
)

dashboard = Dashboard(
    uid="nearfield-outage",
    title="Nearfield 10: Outage impact",
    description="What an outage cost in downloads, from the ledger's hours, for any year.",
    rows=[cost, cause],
    variables=[podcast_variable(), labels("alert", "ALERTS", "alertname")],
    logs='{service=~".+"} | level=~"error|critical"',
    time="now-24h",
    refresh="5m",
)
