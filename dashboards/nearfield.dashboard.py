"""Nearfield itself: what it reads, what it keeps, what it sends, and what that takes."""

from dashboards.lib import (
    GREEN,
    ORANGE,
    RED,
    Dashboard,
    Prometheus,
    Unit,
    bar_gauge,
    labels,
    row,
    stat,
    steps,
    table,
    timeseries,
)

ON = 'job=~"$job", instance=~"$instance"'
RATE = "[$__rate_interval]"

alive = row(
    "Alive",
    stat(
        "up",
        "Processes up",
        "Nearfield processes that answer Prometheus.",
        Prometheus(
            f"sum(up{{{ON}}} * on (job, instance) group(nearfield_build_info{{{ON}}})"
            " by (job, instance))"
        ),
        unit=Unit.COUNT,
        width=6,
    ),
    stat(
        "failures",
        "Failed reads, last hour",
        "Reads of a source that gave nothing.",
        Prometheus(f"sum(increase(nearfield_poll_failures_total{{{ON}}}[1h]))"),
        unit=Unit.COUNT,
        decimals=0,
        width=6,
        thresholds=steps(GREEN, (1, ORANGE)),
    ),
    stat(
        "definitions",
        "Problems in your files",
        "Problems of files of your own metrics; the last good version of each is used.",
        Prometheus(f"sum(nearfield_definition_problems{{{ON}}}) or vector(0)"),
        unit=Unit.COUNT,
        width=6,
        thresholds=steps(GREEN, (1, RED)),
        graph=False,
    ),
    table(
        "versions",
        "Versions",
        "The version of each process.",
        Prometheus(
            f"max by (instance, version, python) (nearfield_build_info{{{ON}}})",
            instant=True,
            format="table",
        ),
        hide=("Value",),
        width=6,
        height=4,
    ),
    bar_gauge(
        "freshness",
        "Age of every source",
        "How long ago each source was last read with success.",
        Prometheus(
            "time() - max by (exporter, source)"
            f" (nearfield_last_success_timestamp_seconds{{{ON}}})",
            "{{exporter}} {{source}}",
            instant=True,
        ),
        unit=Unit.SECONDS,
        colors="thresholds",
        thresholds=steps(GREEN, (300, ORANGE), (900, RED)),
    ),
    timeseries(
        "polls",
        "Reads",
        "Reads of sources a minute, and those that failed by reason.",
        Prometheus(
            f"60 * sum by (exporter, source) (rate(nearfield_polls_total{{{ON}}}{RATE}))",
            "{{exporter}} {{source}}",
        ),
        Prometheus(
            "60 * sum by (exporter, source, reason)"
            f" (rate(nearfield_poll_failures_total{{{ON}}}{RATE}))",
            "{{exporter}} {{source}} failed: {{reason}}",
        ),
        unit=Unit.PER_MINUTE,
        width=8,
    ),
    timeseries(
        "duration",
        "Duration of reads",
        "How long 95 of 100 reads of each source took.",
        Prometheus(
            "histogram_quantile(0.95, sum by (le, exporter, source)"
            f" (rate(nearfield_poll_duration_seconds_bucket{{{ON}}}{RATE})))",
            "{{exporter}} {{source}}",
        ),
        unit=Unit.SECONDS,
        width=8,
    ),
)

costs = row(
    "What it takes",
    timeseries(
        "cpu",
        "CPU",
        "Cores in use.",
        Prometheus(
            f"rate(process_cpu_seconds_total{{{ON}}}{RATE})"
            f" and on (job, instance) nearfield_build_info{{{ON}}}",
            "{{instance}}",
        ),
        unit=Unit.COUNT,
        width=5,
    ),
    timeseries(
        "memory",
        "Memory",
        "Memory of the processes.",
        Prometheus(
            f"process_resident_memory_bytes{{{ON}}}"
            f" and on (job, instance) nearfield_build_info{{{ON}}}",
            "{{instance}}",
        ),
        unit=Unit.BYTES,
        width=5,
    ),
    timeseries(
        "files",
        "Open files",
        "Descriptors in use, as a share of those allowed.",
        Prometheus(
            f"process_open_fds{{{ON}}} / process_max_fds{{{ON}}}"
            f" and on (job, instance) nearfield_build_info{{{ON}}}",
            "{{instance}}",
        ),
        unit=Unit.SHARE,
        width=5,
    ),
    timeseries(
        "scrapes",
        "Scrapes",
        "How long Prometheus takes to read the metrics.",
        Prometheus(
            f"scrape_duration_seconds{{{ON}}} and on (job, instance) nearfield_build_info{{{ON}}}",
            "{{instance}}",
        ),
        unit=Unit.SECONDS,
        width=5,
    ),
    timeseries(
        "tasks",
        "Tasks",
        "What is under way in the processes at once; a line that only rises is a leak.",
        Prometheus(f"nearfield_tasks{{{ON}}}", "{{instance}}"),
        unit=Unit.COUNT,
        width=4,
    ),
)

queues = row(
    "What waits, and what was lost",
    timeseries(
        "log-queue",
        "Log queue",
        "Bytes of log lines that wait for Loki.",
        Prometheus(f"sum by (instance) (log_queue_bytes{{{ON}}})", "{{instance}}"),
        unit=Unit.BYTES,
        width=8,
    ),
    timeseries(
        "log-lag",
        "Log lag",
        "Age of the oldest line when Loki took it: 99 of 100 pushes.",
        Prometheus(
            f"histogram_quantile(0.99, sum by (le) (rate(log_lag_seconds_bucket{{{ON}}}{RATE})))",
            "99 %",
        ),
        unit=Unit.SECONDS,
        width=8,
    ),
    timeseries(
        "push-failures",
        "Failed pushes to Loki",
        "Pushes that did not succeed, by reason; their lines wait on disk.",
        Prometheus(f"sum by (reason) (rate(log_push_failures_total{{{ON}}}{RATE}))", "{{reason}}"),
        unit=Unit.PER_SECOND,
        width=8,
    ),
    timeseries(
        "slack",
        "Slack",
        "Messages an hour that were handed over, sent, and dropped by reason.",
        Prometheus(f"sum(increase(slack_messages_accepted_total{{{ON}}}[1h]))", "handed over"),
        Prometheus(f"sum(increase(slack_messages_sent_total{{{ON}}}[1h]))", "sent"),
        Prometheus(
            f"sum by (reason) (increase(slack_messages_dropped_total{{{ON}}}[1h]))",
            "dropped: {{reason}}",
        ),
        Prometheus(
            f"sum by (reason) (increase(slack_post_failures_total{{{ON}}}[1h]))",
            "failed: {{reason}}",
        ),
        unit=Unit.COUNT,
        width=8,
    ),
    timeseries(
        "waiting",
        "Waiting",
        "Messages that wait for Slack, and notes about deploys that wait for the ledger.",
        Prometheus(f"sum(slack_queue_messages{{{ON}}})", "messages"),
        Prometheus(f"sum(deploy_records_waiting{{{ON}}})", "notes about deploys"),
        unit=Unit.COUNT,
        width=8,
    ),
    timeseries(
        "own-records",
        "Our own records",
        "Records of our own log a second that went to Loki, and that did not by reason; lines that"
        " one of your metrics could not be made of.",
        Prometheus(f"sum(rate(log_own_records_sent_total{{{ON}}}{RATE}))", "sent"),
        Prometheus(
            f"sum by (reason) (rate(log_own_records_dropped_total{{{ON}}}{RATE}))",
            "dropped: {{reason}}",
        ),
        Prometheus(f"sum(rate(log_metric_lines_rejected_total{{{ON}}}{RATE}))", "no metric of it"),
        unit=Unit.PER_SECOND,
        width=8,
    ),
    timeseries(
        "trouble",
        "Dropped and unreadable",
        "Series over a limit and deploys that were not kept, an hour; containers of which something"
        " could not be read.",
        Prometheus(
            f"sum by (family) (increase(nearfield_series_dropped_total{{{ON}}}[1h]))",
            "over a limit: {{family}}",
        ),
        Prometheus(f"sum(increase(deploy_records_dropped_total{{{ON}}}[1h]))", "deploys not kept"),
        Prometheus(f"sum(container_scrape_error{{{ON}}})", "containers unreadable"),
        unit=Unit.COUNT,
        width=24,
        height=6,
    ),
)

dashboard = Dashboard(
    uid="nearfield-nearfield",
    title="Nearfield 12: Nearfield itself",
    description="What it reads, what it keeps, what it sends, and what that takes.",
    rows=[alive, costs, queues],
    variables=[
        labels("job", "nearfield_build_info"),
        labels("instance", 'nearfield_build_info{job=~"$job"}'),
    ],
    logs='{service="nearfield"}',
    time="now-6h",
)
