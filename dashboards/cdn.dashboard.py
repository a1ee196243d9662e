"""CDN: what listeners get, how fast, from where, and what it costs."""

from dashboards.lib import (
    GREEN,
    ORANGE,
    RED,
    Dashboard,
    Loki,
    Prometheus,
    Unit,
    Variable,
    bar_gauge,
    choice,
    heatmap,
    labels,
    logs,
    row,
    stat,
    steps,
    table,
    timeseries,
)
from dashboards.questions import CDN_LOGS, TO_CDN

HOST = 'host=~"$host"'
RATE = "[$__rate_interval]"
SITE = CDN_LOGS
FAILED = ', status=~"5.."'
HITS = ', cache=~"HIT.*"'


def requests(by: str, more: str = "", metric: str = "cdn_requests_total") -> str:
    """Return the rate of requests by some labels."""
    return f"sum by ({by}) (rate({metric}{{{HOST}{more}}}{RATE}))"


def share(part: str, whole: str) -> str:
    """Return one sum of rates over another."""
    return f"sum(rate({part}{RATE})) / sum(rate({whole}{RATE}))"


red = row(
    "Requests, errors, duration",
    timeseries(
        "requests",
        "Requests by host",
        "Requests that the CDN answered at its edge.",
        Prometheus(requests("host"), "{{host}}"),
        unit=Unit.REQUESTS_PER_SECOND,
        width=8,
        links=[TO_CDN],
    ),
    timeseries(
        "errors",
        "5xx share by host",
        "Share of requests that were answered with a server error.",
        Prometheus(f"{requests('host', FAILED)} / {requests('host')}", "{{host}}"),
        unit=Unit.SHARE,
        width=8,
        links=[TO_CDN],
        logs=SITE + ' | status=~"5.."',
    ),
    timeseries(
        "duration",
        "Duration by host",
        "How long half, and 95 of 100, requests took from their first byte to the answer's last.",
        Prometheus(
            "histogram_quantile(0.95, sum by (le, host)"
            f" (rate(cdn_request_duration_seconds_bucket{{{HOST}}}{RATE})))",
            "{{host}} 95 %",
        ),
        Prometheus(
            "histogram_quantile(0.5, sum by (le, host)"
            f" (rate(cdn_request_duration_seconds_bucket{{{HOST}}}{RATE})))",
            "{{host}} half",
        ),
        unit=Unit.SECONDS,
        width=8,
        links=[TO_CDN],
    ),
    timeseries(
        "statuses",
        "Answers by status",
        "Requests by the status of their answer.",
        Prometheus(requests("status"), "{{status}}"),
        unit=Unit.REQUESTS_PER_SECOND,
        stack=True,
    ),
    timeseries(
        "causes",
        "Errors by cause",
        "Requests that failed at the CDN or behind it, by the CDN's word for it.",
        Prometheus(requests("reason", metric="cdn_errors_total"), "{{reason}}"),
        unit=Unit.REQUESTS_PER_SECOND,
        stack=True,
        nothing="no errors",
        logs=SITE + ' | status=~"5.."',
    ),
)

cache = row(
    "Cache",
    stat(
        "hit-ratio",
        "Hit ratio",
        "Share of requests that were answered from the cache.",
        Prometheus(
            share(f'cdn_requests_total{{{HOST}, cache=~"HIT.*"}}', f"cdn_requests_total{{{HOST}}}")
        ),
        unit=Unit.SHARE,
        width=6,
        thresholds=steps(RED, (0.5, ORANGE), (0.8, GREEN)),
    ),
    stat(
        "byte-hit-ratio",
        "Hit ratio in bytes",
        "Share of the bytes of bodies that came from the cache.",
        Prometheus(
            share(
                f'cdn_response_bytes_total{{{HOST}, cache=~"HIT.*"}}',
                f"cdn_response_bytes_total{{{HOST}}}",
            )
        ),
        unit=Unit.SHARE,
        width=6,
    ),
    stat(
        "without-origin",
        "Served with the origin down",
        "Share of requests that the CDN could answer by itself, fresh or stale, were the origin"
        " away now: hits and what the CDN makes itself.",
        Prometheus(
            share(
                f'cdn_requests_total{{{HOST}, cache=~"HIT.*|SYNTH.*"}}',
                f"cdn_requests_total{{{HOST}}}",
            )
        ),
        unit=Unit.SHARE,
        width=6,
    ),
    stat(
        "ipv6",
        "Over IPv6",
        "Share of requests that came over IPv6.",
        Prometheus(
            share(
                f'cdn_protocol_requests_total{{{HOST}, ip_version="6"}}',
                f"cdn_protocol_requests_total{{{HOST}}}",
            )
        ),
        unit=Unit.SHARE,
        width=6,
    ),
    timeseries(
        "states",
        "Cache states",
        "Requests by what the cache had to say of them.",
        Prometheus(requests("cache"), "{{cache}}"),
        unit=Unit.REQUESTS_PER_SECOND,
        stack=True,
    ),
    timeseries(
        "hit-ratio-hosts",
        "Hit ratio by host",
        "Share of requests of each host that were answered from the cache.",
        Prometheus(f"{requests('host', HITS)} / {requests('host')}", "{{host}}"),
        unit=Unit.SHARE,
        links=[TO_CDN],
    ),
    heatmap(
        "latency-hits",
        "Duration of hits",
        "How long answers from the cache took.",
        Prometheus(
            "sum by (le) (increase(cdn_request_duration_seconds_bucket"
            f'{{{HOST}, cache=~"HIT.*"}}{RATE}))',
            "{{le}}",
            format="heatmap",
        ),
        unit=Unit.SECONDS,
    ),
    heatmap(
        "latency-misses",
        "Duration of misses and passes",
        "How long answers took for which the origin was asked.",
        Prometheus(
            "sum by (le) (increase(cdn_request_duration_seconds_bucket"
            f'{{{HOST}, cache=~"MISS.*|PASS.*"}}{RATE}))',
            "{{le}}",
            format="heatmap",
        ),
        unit=Unit.SECONDS,
    ),
)

places = row(
    "Places and protocols",
    bar_gauge(
        "pops",
        "Busiest POPs",
        "Requests of the last hour by place of the CDN.",
        Prometheus(
            f"topk(15, sum by (pop) (increase(cdn_requests_total{{{HOST}}}[1h])))",
            "{{pop}}",
            instant=True,
        ),
        unit=Unit.COUNT,
    ),
    bar_gauge(
        "countries",
        "Countries",
        "Requests of the last hour by country.",
        Prometheus(
            f"topk(15, sum by (country) (increase(cdn_country_requests_total{{{HOST}}}[1h])))",
            "{{country}}",
            instant=True,
        ),
        unit=Unit.COUNT,
    ),
    timeseries(
        "pop-errors",
        "Errors by POP",
        "Server errors by place of the CDN: one bad place shows here.",
        Prometheus(f"topk(10, {requests('pop', FAILED)})", "{{pop}}"),
        unit=Unit.REQUESTS_PER_SECOND,
        width=8,
    ),
    timeseries(
        "protocols",
        "Protocols",
        "Requests by version of HTTP.",
        Prometheus(requests("protocol", metric="cdn_protocol_requests_total"), "{{protocol}}"),
        unit=Unit.REQUESTS_PER_SECOND,
        stack=True,
    ),
    timeseries(
        "ip-versions",
        "IP versions",
        "Requests by version of IP.",
        Prometheus(
            requests("ip_version", metric="cdn_protocol_requests_total"), "IPv{{ip_version}}"
        ),
        unit=Unit.REQUESTS_PER_SECOND,
        stack=True,
    ),
)

delivery = row(
    "Delivery and cost",
    timeseries(
        "speed",
        "Delivery speed by continent",
        "How fast one listener in two gets audio, and one in ten at most.",
        Prometheus(
            "histogram_quantile(0.5, sum by (le, continent)"
            f" (rate(cdn_audio_delivery_bytes_per_second_bucket{RATE})))",
            "{{continent}} half",
        ),
        Prometheus(
            "histogram_quantile(0.1, sum by (le, continent)"
            f" (rate(cdn_audio_delivery_bytes_per_second_bucket{RATE})))",
            "{{continent}} slowest tenth",
        ),
        unit=Unit.BYTES_PER_SECOND,
    ),
    timeseries(
        "bytes",
        "Bytes by host",
        "Bytes of bodies a second that the CDN sent.",
        Prometheus(requests("host", metric="cdn_response_bytes_total"), "{{host}}"),
        unit=Unit.BYTES_PER_SECOND,
        stack=True,
        links=[TO_CDN],
    ),
    stat(
        "bytes-range",
        "Sent in the time range",
        "Bytes of bodies that the CDN sent in the time range.",
        Prometheus(f"sum(increase(cdn_response_bytes_total{{{HOST}}}[$__range]))", instant=True),
        unit=Unit.BYTES,
        width=6,
        graph=False,
    ),
    stat(
        "cost",
        "Traffic at this price",
        "Bytes sent in the time range at the price that is chosen above, in dollars a gigabyte.",
        Prometheus(
            f"sum(increase(cdn_response_bytes_total{{{HOST}}}[$__range])) / 1e9 * $price",
            instant=True,
        ),
        unit=Unit.DOLLARS,
        width=6,
        decimals=2,
        graph=False,
    ),
    stat(
        "bytes-missed",
        "Fetched from the origin",
        "Bytes of bodies in the time range for which the origin was asked.",
        Prometheus(
            f'sum(increase(cdn_response_bytes_total{{{HOST}, cache!~"HIT.*"}}[$__range]))',
            instant=True,
        ),
        unit=Unit.BYTES,
        width=6,
        graph=False,
    ),
    stat(
        "requests-range",
        "Requests in the time range",
        "Requests that the CDN answered in the time range.",
        Prometheus(f"sum(increase(cdn_requests_total{{{HOST}}}[$__range]))", instant=True),
        unit=Unit.COUNT,
        width=6,
        graph=False,
    ),
)

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
        logs=SITE + ' | status="404"',
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

hosts: Variable = labels("host", "cdn_requests_total")
dashboard = Dashboard(
    uid="nearfield-cdn",
    title="Nearfield 5: CDN",
    description="What listeners get, how fast, from where, and what it costs.",
    rows=[red, cache, places, delivery, lines, realtime, receiver],
    variables=[
        hosts,
        choice("price", ("0.12", "0.08", "0.04", "0.02", "0.19", "0.28"), text="Dollars a GB"),
    ],
    logs=CDN_LOGS,
    time="now-3h",
)
