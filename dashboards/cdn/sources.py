"""Single requests, Fastly's own counts, and how lines come in."""

from dashboards.cdn.ask import LINES, RATE
from dashboards.lib import Loki, Prometheus, Unit, heatmap, logs, row, table, timeseries

lines = row(
    "Requests one by one",
    table(
        "not-found",
        "Top 404s",
        "Paths that were asked for and not found, in the time range.",
        Loki(
            f'topk(20, sum by (path) (count_over_time({LINES} | status="404" [$__range])))',
            instant=True,
        ),
        names={"Value #A": "requests"},
        sort="-requests",
        logs=LINES + ' | status="404"',
        width=8,
    ),
    table(
        "slowest",
        "Slowest paths",
        "Paths with the slowest kept requests in the time range, in seconds.",
        Loki(
            f"topk(20, max by (path) (max_over_time({LINES} | unwrap seconds [$__range])))",
            instant=True,
        ),
        names={"Value #A": "seconds"},
        unit=Unit.SECONDS,
        sort="-seconds",
        width=8,
    ),
    table(
        "paths",
        "Most asked for",
        "Paths of the kept requests in the time range; of good answers a sample is kept.",
        Loki(
            f"topk(20, sum by (path) (count_over_time({LINES} [$__range])))",
            instant=True,
        ),
        names={"Value #A": "requests"},
        sort="-requests",
        width=8,
    ),
    logs(
        "lines",
        "Kept request lines",
        "Requests worth reading: server errors, errors of the listener's making, slow ones, and a"
        " sample of the rest.",
        Loki(LINES, max_lines=200),
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
    timeseries(
        "rt-miss-duration",
        "Duration of misses",
        "How long the origin took to answer 99 of 100 requests, by Fastly's clock.",
        Prometheus(
            "histogram_quantile(0.99, sum by (le, service_name)"
            f" (rate(fastly_rt_miss_duration_seconds_bucket{RATE})))",
            "{{service_name}}",
        ),
        unit=Unit.SECONDS,
        width=8,
    ),
    heatmap(
        "rt-sizes",
        "Sizes of objects",
        "How large the answers are that Fastly sends.",
        Prometheus(
            f"sum by (le) (increase(fastly_rt_object_size_bytes_bucket{RATE}))",
            "{{le}}",
            format="heatmap",
        ),
        unit=Unit.BYTES,
        width=8,
    ),
    timeseries(
        "rt-lines",
        "Lines sent and lines read",
        "Lines that Fastly says it logged, beside those that were read here: apart for long, some"
        " are lost on the way.",
        Prometheus(f"sum(rate(fastly_rt_logging_total{RATE}))", "sent by Fastly"),
        Prometheus(f'sum(rate(cdn_log_lines_total{{source!="file"}}{RATE}))', "read"),
        unit=Unit.PER_SECOND,
        width=8,
        logs='{service="nearfield"}',
    ),
    timeseries(
        "rt-fresh",
        "Age of Fastly's numbers",
        "How long ago the real-time API last answered, and its own delay.",
        Prometheus(
            "time() - max by (service_name) (fastly_rt_last_successful_response)",
            "{{service_name}}",
        ),
        Prometheus("max by (service_name) (fastly_rt_aggregate_delay_seconds)", "its delay"),
        unit=Unit.SECONDS,
        width=8,
        logs='{service="nearfield"}',
    ),
    timeseries(
        "rt-lost",
        "Seconds that passed unread",
        "Seconds an hour that the real-time API could not be asked for in time.",
        Prometheus(
            "sum by (service_name) (increase(fastly_rt_lost_seconds_total[1h]))",
            "{{service_name}}",
        ),
        unit=Unit.SECONDS,
        width=8,
        logs='{service="nearfield"}',
    ),
    table(
        "rt-ends",
        "What expires",
        "When TLS certificates and the API token end.",
        Prometheus(
            "max by (cn) (fastly_rt_cert_expiry_timestamp_seconds) * 1000",
            instant=True,
            format="table",
        ),
        Prometheus(
            "max by (token_id) (fastly_rt_token_expiration) * 1000", instant=True, format="table"
        ),
        names={"cn": "certificate", "token_id": "token", "Value #A": "ends", "Value #B": "expires"},
        units={"ends": Unit.AGO, "expires": Unit.AGO},
        width=8,
        nothing="nothing that expires is known",
        logs='{service="nearfield"}',
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
