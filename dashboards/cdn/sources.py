"""Single requests, Fastly's own counts, and how lines come in."""

from dashboards.cdn.ask import RATE
from dashboards.lib import Loki, Prometheus, Unit, logs, row, table, timeseries
from dashboards.questions import CDN_LOGS

lines = row(
    "Requests one by one",
    table(
        "not-found",
        "Top 404s",
        "Paths that were asked for and not found, in the time range.",
        Loki(
            'topk(20, sum by (path) (count_over_time({service="cdn"} | status="404" [$__range])))',
            instant=True,
        ),
        names={"Value #A": "requests"},
        sort="-requests",
        logs=CDN_LOGS + ' | status="404"',
    ),
    table(
        "slowest",
        "Slowest paths",
        "Paths with the slowest kept requests in the time range, in seconds.",
        Loki(
            'topk(20, max by (path) (max_over_time({service="cdn"} | unwrap seconds [$__range])))',
            instant=True,
        ),
        names={"Value #A": "seconds"},
        unit=Unit.SECONDS,
        sort="-seconds",
    ),
    logs(
        "lines",
        "Kept request lines",
        "Requests worth reading: server errors, errors of the listener's making, slow ones, and a"
        " sample of the rest.",
        Loki(CDN_LOGS, max_lines=200),
    ),
    collapsed=True,
)


realtime = row(
    "What Fastly itself measures, to the second",
    timeseries(
        "rt-requests",
        "Requests by service",
        "Requests by Fastly's own real-time count, which needs no log line.",
        Prometheus(
            "sum by (service_name) (rate(fastly_rt_requests_total[$__rate_interval]))",
            "{{service_name}}",
        ),
        unit=Unit.REQUESTS_PER_SECOND,
        width=8,
    ),
    timeseries(
        "rt-statuses",
        "Statuses",
        "Answers by group of status.",
        Prometheus(
            "sum by (status_group) (rate(fastly_rt_status_group_total[$__rate_interval]))",
            "{{status_group}}",
        ),
        unit=Unit.REQUESTS_PER_SECOND,
        width=8,
        stack=True,
    ),
    timeseries(
        "rt-hits",
        "Hits over hits and misses",
        "Fastly's own hit ratio.",
        Prometheus(
            "sum(rate(fastly_rt_hits_total[$__rate_interval]))"
            " / (sum(rate(fastly_rt_hits_total[$__rate_interval]))"
            " + sum(rate(fastly_rt_miss_total[$__rate_interval])))",
            "hit ratio",
        ),
        unit=Unit.SHARE,
        width=8,
    ),
    collapsed=True,
)


receiver = row(
    "Receiver health",
    timeseries(
        "lag",
        "Lag",
        "Time from the end of a request to its line in the ledger: half of them, and 99 of 100.",
        Prometheus(
            f"histogram_quantile(0.99, sum by (le, source)"
            f" (rate(cdn_log_lag_seconds_bucket{RATE})))",
            "{{source}} 99 %",
        ),
        Prometheus(
            f"histogram_quantile(0.5, sum by (le, source)"
            f" (rate(cdn_log_lag_seconds_bucket{RATE})))",
            "{{source}} half",
        ),
        unit=Unit.SECONDS,
        width=8,
        logs='{service="nearfield"}',
    ),
    timeseries(
        "spool",
        "Spool",
        "Bytes that wait for the ledger (left), and how long the oldest has waited (right).",
        Prometheus("sum by (instance) (cdn_spool_bytes)", "{{instance}} bytes"),
        Prometheus("max(cdn_spool_oldest_seconds)", "oldest"),
        unit=Unit.BYTES,
        right={"oldest": Unit.SECONDS},
        width=8,
        logs='{service="nearfield"}',
    ),
    timeseries(
        "rejected",
        "Lines, and those rejected",
        "Log lines read by source, and those that were rejected by reason.",
        Prometheus(f"sum by (source) (rate(cdn_log_lines_total{RATE}))", "read {{source}}"),
        Prometheus(
            f"sum by (source, reason) (rate(cdn_log_lines_rejected_total{RATE}))",
            "rejected {{source}} {{reason}}",
        ),
        unit=Unit.PER_SECOND,
        width=8,
        logs='{service="nearfield"}',
    ),
)
