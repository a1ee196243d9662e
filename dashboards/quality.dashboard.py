"""Counting quality: what was counted, what was not and why, and how fresh every source is."""

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
from dashboards.questions import CDN_LOGS, TO_SHOW, podcast_variable

POD = 'podcast=~"$podcast"'
RATE = "[$__rate_interval]"
OURS = '{service="nearfield"}'

outcomes = row(
    "What became of requests for audio",
    stat(
        "counted",
        "Counted",
        "Share of requests of the last day that are downloads.",
        Prometheus(
            f'sum(increase(podcast_requests_total{{{POD}, outcome="counted"}}[1d]))'
            f" / sum(increase(podcast_requests_total{{{POD}}}[1d]))"
        ),
        unit=Unit.SHARE,
    ),
    stat(
        "bots",
        "Bots and data centres",
        "Share of requests of the last day that no person made.",
        Prometheus(
            f'sum(increase(podcast_requests_total{{{POD}, outcome=~"bot|datacenter"}}[1d]))'
            f" / sum(increase(podcast_requests_total{{{POD}}}[1d]))"
        ),
        unit=Unit.SHARE,
    ),
    stat(
        "rejected",
        "Lines rejected, last day",
        "Log lines that could not be used, or came for a closed day.",
        Prometheus("sum(increase(cdn_log_lines_rejected_total[1d]))"),
        unit=Unit.COUNT,
        decimals=0,
        thresholds=steps(GREEN, (1, ORANGE)),
        logs=OURS,
    ),
    stat(
        "repeated",
        "Batches sent again, last day",
        "Batches that had been stored already, and were not counted again.",
        Prometheus("sum(increase(cdn_log_batches_repeated_total[1d]))"),
        unit=Unit.COUNT,
        decimals=0,
        logs=OURS,
    ),
    stat(
        "problems",
        "Tables or columns missing",
        "What metrics need and a source does not have.",
        Prometheus("count(podcast_source_problem == 1) or vector(0)"),
        unit=Unit.COUNT,
        thresholds=steps(GREEN, (1, RED)),
        background=True,
        graph=False,
        logs=OURS,
    ),
    stat(
        "dropped",
        "Series over a limit, last day",
        "Updates whose series was over a limit: its labels became other, or it was left out.",
        Prometheus("sum(increase(nearfield_series_dropped_total[1d]))"),
        unit=Unit.COUNT,
        decimals=0,
        thresholds=steps(GREEN, (1, ORANGE)),
        logs=OURS,
    ),
    timeseries(
        "outcomes",
        "Requests by outcome",
        "Requests for audio by what became of them.",
        Prometheus(
            f"sum by (outcome) (rate(podcast_requests_total{{{POD}}}{RATE}))", "{{outcome}}"
        ),
        unit=Unit.REQUESTS_PER_SECOND,
        stack=True,
    ),
    bar_gauge(
        "outcomes-range",
        "Outcomes in the time range",
        "The same from the ledger, for any year.",
        Postgres(
            """
            SELECT o.outcome, sum(o.requests) AS requests
            FROM nearfield.outcomes AS o
            WHERE $__timeFilter(o.hour) AND o.podcast ~ '^(${podcast:regex})$'
            GROUP BY 1 ORDER BY 2 DESC
            """
        ),
        unit=Unit.COUNT,
        width=12,
        rows=True,
    ),
)

lines = row(
    "Log lines",
    timeseries(
        "read",
        "Lines by source",
        "Log lines that were read.",
        Prometheus(f"sum by (source) (rate(cdn_log_lines_total{RATE}))", "{{source}}"),
        unit=Unit.PER_SECOND,
        width=8,
        logs=OURS,
    ),
    timeseries(
        "rejects",
        "Rejected by reason",
        "Log lines that were rejected.",
        Prometheus(
            f"sum by (source, reason) (rate(cdn_log_lines_rejected_total{RATE}))",
            "{{source}} {{reason}}",
        ),
        unit=Unit.PER_SECOND,
        width=8,
        nothing="no line was rejected",
        logs=OURS,
    ),
    timeseries(
        "late",
        "Late lines",
        "Share of lines that came more than a minute, and more than an hour, after their request.",
        Prometheus(
            f'1 - sum by (source) (rate(cdn_log_lag_seconds_bucket{{le="60.0"}}{RATE}))'
            f" / sum by (source) (rate(cdn_log_lag_seconds_count{RATE}))",
            "{{source}} over a minute",
        ),
        Prometheus(
            f'1 - sum by (source) (rate(cdn_log_lag_seconds_bucket{{le="3600.0"}}{RATE}))'
            f" / sum by (source) (rate(cdn_log_lag_seconds_count{RATE}))",
            "{{source}} over an hour",
        ),
        unit=Unit.SHARE,
        width=8,
        logs=OURS,
    ),
    timeseries(
        "batches",
        "Batches",
        "Batches of lines that were stored, and those that were refused by reason.",
        Prometheus(f"sum by (source) (rate(cdn_log_batches_total{RATE}))", "{{source}} stored"),
        Prometheus(
            f"sum by (source, reason) (rate(cdn_log_batches_refused_total{RATE}))",
            "{{source}} refused: {{reason}}",
        ),
        unit=Unit.PER_SECOND,
        width=8,
        logs=OURS,
    ),
    timeseries(
        "answer",
        "Time to an answer",
        "How long 99 of 100 batches waited for their answer, which follows the sync to disk.",
        Prometheus(
            "histogram_quantile(0.99, sum by (le, source)"
            f" (rate(cdn_log_answer_seconds_bucket{RATE})))",
            "{{source}}",
        ),
        unit=Unit.SECONDS,
        width=8,
        logs=OURS,
    ),
    timeseries(
        "connections",
        "Connections and segments",
        "Open connections that lines come by, and segments that wait for the ledger.",
        Prometheus("sum by (source) (cdn_log_connections)", "{{source}} connections"),
        Prometheus("sum(cdn_spool_segments)", "segments"),
        unit=Unit.COUNT,
        width=8,
        logs=OURS,
    ),
)

agreement = row(
    "Agreement and freshness",
    timeseries(
        "reconciliation",
        "Stream over app",
        "File equivalents that the stream saw over those that the app counted; 1 is agreement.",
        Prometheus(f"podcast_reconciliation_ratio{{{POD}}}", "{{podcast}}"),
        unit=Unit.SHARE,
        maximum=2,
        links=[TO_SHOW],
        logs=CDN_LOGS,
    ),
    table(
        "days",
        "Newest counts",
        "The newest day that each source has counts for.",
        Prometheus(
            "max by (source) (podcast_stats_last_day_timestamp_seconds) * 1000",
            instant=True,
            format="table",
        ),
        names={"Value": "newest day"},
        units={"newest day": Unit.TIME},
        width=6,
        logs=OURS,
    ),
    bar_gauge(
        "freshness",
        "Age of every source",
        "How long ago each source was last read with success.",
        Prometheus(
            "time() - max by (exporter, source) (nearfield_last_success_timestamp_seconds)",
            "{{exporter}} {{source}}",
            instant=True,
        ),
        unit=Unit.SECONDS,
        width=6,
        colors="thresholds",
        thresholds=steps(GREEN, (300, ORANGE), (900, RED)),
        logs=OURS,
    ),
    table(
        "closed",
        "Days",
        "The newest days of the ledger: open ones still take lines, closed ones never again.",
        Postgres(
            """
            SELECT day, count_window AS window, written_at AS "last written", closed_at AS closed
            FROM nearfield.days ORDER BY day DESC LIMIT 31
            """
        ),
        width=24,
        logs=OURS,
    ),
)

dashboard = Dashboard(
    uid="nearfield-quality",
    title="Nearfield 11: Counting quality",
    description="What was counted, what was not and why, and how fresh every source is.",
    rows=[outcomes, lines, agreement],
    variables=[podcast_variable()],
    logs=CDN_LOGS,
    time="now-24h",
)
