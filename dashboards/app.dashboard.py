"""App: the app's and nginx's own metrics where they are scraped."""

from dashboards.lib import (
    Dashboard,
    Prometheus,
    Unit,
    Variable,
    heatmap,
    labels,
    row,
    stat,
    timeseries,
)

ON = 'job=~"$job", instance=~"$instance"'
RATE = "[$__rate_interval]"
PHOENIX = "${app}_prom_ex_phoenix_http_request"
ECTO = "${app}_prom_ex_ecto_repo_query"
BEAM = "${app}_prom_ex_beam"
OBAN = "${app}_prom_ex_oban"


def quantile(share: float, metric: str, by: str = "") -> str:
    """Return a quantile of a histogram, by some label."""
    return (
        f"histogram_quantile({share}, sum by (le{', ' + by if by else ''})"
        f" (rate({metric}_bucket{{{ON}}}{RATE})))"
    )


phoenix = row(
    "Phoenix: requests, errors, duration",
    timeseries(
        "requests",
        "Requests by status",
        "Requests that the app answered.",
        Prometheus(f"sum by (status) (rate({PHOENIX}s_total{{{ON}}}{RATE}))", "{{status}}"),
        unit=Unit.REQUESTS_PER_SECOND,
        width=8,
        stack=True,
    ),
    timeseries(
        "errors",
        "5xx share",
        "Share of requests that were answered with a server error.",
        Prometheus(
            f'sum(rate({PHOENIX}s_total{{{ON}, status=~"5.."}}{RATE}))'
            f" / sum(rate({PHOENIX}s_total{{{ON}}}{RATE}))",
            "5xx",
        ),
        unit=Unit.SHARE,
        width=8,
    ),
    timeseries(
        "duration",
        "Duration",
        "How long half, and 95 of 100, requests took in the app.",
        Prometheus(quantile(0.95, f"{PHOENIX}_duration_milliseconds"), "95 %"),
        Prometheus(quantile(0.5, f"{PHOENIX}_duration_milliseconds"), "half"),
        unit=Unit.MILLISECONDS,
        width=8,
    ),
    timeseries(
        "slow-paths",
        "Slowest paths",
        "The routes that 95 of 100 requests to them wait for longest.",
        Prometheus(
            f"topk(10, {quantile(0.95, f'{PHOENIX}_duration_milliseconds', 'path')})", "{{path}}"
        ),
        unit=Unit.MILLISECONDS,
    ),
    heatmap(
        "duration-heatmap",
        "Duration of every request",
        "How many requests took how long.",
        Prometheus(
            f"sum by (le) (increase({PHOENIX}_duration_milliseconds_bucket{{{ON}}}{RATE}))",
            "{{le}}",
            format="heatmap",
        ),
        unit=Unit.MILLISECONDS,
    ),
)

ecto = row(
    "Ecto and Oban: the database and the queues",
    timeseries(
        "queue-time",
        "Wait for a connection",
        "How long 95 of 100 queries waited for a connection of the pool.",
        Prometheus(quantile(0.95, f"{ECTO}_queue_time_milliseconds", "repo"), "{{repo}}"),
        unit=Unit.MILLISECONDS,
        width=8,
    ),
    timeseries(
        "query-time",
        "Slowest tables",
        "How long 95 of 100 queries took, by table.",
        Prometheus(
            f"topk(10, {quantile(0.95, f'{ECTO}_execution_time_milliseconds', 'source')})",
            "{{source}}",
        ),
        unit=Unit.MILLISECONDS,
        width=8,
    ),
    timeseries(
        "jobs",
        "Jobs in queues",
        "Jobs by queue and state.",
        Prometheus(
            f"sum by (queue, state) ({OBAN}_queue_length_count{{{ON}}})", "{{queue}} {{state}}"
        ),
        unit=Unit.COUNT,
        width=8,
    ),
)

beam = row(
    "Erlang",
    timeseries(
        "memory",
        "Memory",
        "Memory of the virtual machine: all of it, its processes, its binaries.",
        Prometheus(f"{BEAM}_memory_allocated_bytes{{{ON}}}", "{{instance}} all"),
        Prometheus(f"{BEAM}_memory_processes_total_bytes{{{ON}}}", "{{instance}} processes"),
        Prometheus(f"{BEAM}_memory_binary_total_bytes{{{ON}}}", "{{instance}} binaries"),
        unit=Unit.BYTES,
        width=8,
    ),
    timeseries(
        "processes",
        "Processes",
        "Erlang processes.",
        Prometheus(f"{BEAM}_stats_process_count{{{ON}}}", "{{instance}}"),
        unit=Unit.COUNT,
        width=8,
    ),
    timeseries(
        "run-queue",
        "Run queue",
        "Processes and ports that are ready and wait for a scheduler.",
        Prometheus(f"sum by (type) ({BEAM}_stats_run_queue_count{{{ON}}})", "{{type}}"),
        unit=Unit.COUNT,
        width=8,
    ),
)

nginx = row(
    "nginx",
    stat(
        "nginx-up",
        "nginx answers",
        "1 while every nginx answers its exporter.",
        Prometheus(f"min(nginx_up{{{ON}}})"),
        unit=Unit.NONE,
        width=4,
        height=8,
        graph=False,
    ),
    timeseries(
        "nginx-requests",
        "Requests",
        "Requests that nginx took.",
        Prometheus(
            f"sum by (instance) (rate(nginx_http_requests_total{{{ON}}}{RATE}))", "{{instance}}"
        ),
        unit=Unit.REQUESTS_PER_SECOND,
        width=10,
    ),
    timeseries(
        "nginx-connections",
        "Connections",
        "Connections that are read, written, kept open, and those that were dropped a second.",
        Prometheus(f"sum(nginx_connections_reading{{{ON}}})", "reading"),
        Prometheus(f"sum(nginx_connections_writing{{{ON}}})", "writing"),
        Prometheus(f"sum(nginx_connections_waiting{{{ON}}})", "waiting"),
        Prometheus(
            f"sum(rate(nginx_connections_accepted{{{ON}}}{RATE}))"
            f" - sum(rate(nginx_connections_handled{{{ON}}}{RATE}))",
            "dropped",
        ),
        unit=Unit.COUNT,
        width=10,
    ),
)

_status = labels("app", '{__name__=~".+_prom_ex_beam_stats_process_count"}', "__name__", many=False)
app = Variable(
    "app",
    {
        **{key: value for key, value in _status.json.items() if key != "allValue"},
        "regex": "/(.+)_prom_ex_beam_stats_process_count/",
        "includeAll": False,
        "current": {},
    },
)
dashboard = Dashboard(
    uid="nearfield-app",
    title="Nearfield 8: App",
    description="The app's and nginx's own metrics where they are scraped.",
    rows=[phoenix, ecto, beam, nginx],
    variables=[app, labels("job", "up"), labels("instance", 'up{job=~"$job"}')],
    logs='{service=~"app.*|web.*|nginx.*"}',
    time="now-3h",
)
