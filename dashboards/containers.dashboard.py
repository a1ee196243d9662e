"""Containers: every service at a glance, then its CPU, memory, sockets, network and disk."""

from dashboards.lib import (
    GREEN,
    ORANGE,
    RED,
    Dashboard,
    Panel,
    Prometheus,
    Unit,
    bar_gauge,
    heatmap,
    row,
    stat,
    states,
    steps,
    table,
    timeseries,
)
from dashboards.questions import TO_LOGS, TO_SERVICE, service_variable, stack_variable

WHICH = 'service=~"$service", stack=~"$stack"'
RATE = "[$__rate_interval]"
LINKS = [TO_SERVICE, TO_LOGS]
ERRORS = '{service=~"$service"} | level=~"error|critical"'


def rate(metric: str, by: str = "service", more: str = "") -> str:
    """Return the rate of a counter of the chosen services."""
    return f"sum by ({by}) (rate({metric}{{{WHICH}{more}}}{RATE}))"


def total(metric: str, by: str = "service", more: str = "") -> str:
    """Return the sum of a gauge of the chosen services."""
    return f"sum by ({by}) ({metric}{{{WHICH}{more}}})"


glance = row(
    "At a glance",
    stat(
        "running",
        "Running",
        "Containers that run.",
        Prometheus(f'sum(container_state{{{WHICH}, state="running"}})'),
        unit=Unit.COUNT,
    ),
    stat(
        "unhealthy",
        "Unhealthy",
        "Containers whose health check fails.",
        Prometheus(f'sum(container_health{{{WHICH}, state="unhealthy"}})'),
        unit=Unit.COUNT,
        thresholds=steps(GREEN, (1, RED)),
        background=True,
        graph=False,
    ),
    stat(
        "restarts",
        "Restarts, last hour",
        "Starts of containers that had run before, and Swarm's replacements of failed tasks.",
        Prometheus(f"sum(increase(container_restarts_total{{{WHICH}}}[1h]))"),
        unit=Unit.COUNT,
        decimals=0,
        thresholds=steps(GREEN, (1, ORANGE), (5, RED)),
        graph=False,
    ),
    stat(
        "oom",
        "Out of memory, last day",
        "Times that a service ran out of memory and lost a process.",
        Prometheus(f"sum(increase(container_oom_events_total{{{WHICH}}}[1d]))"),
        unit=Unit.COUNT,
        decimals=0,
        thresholds=steps(GREEN, (1, RED)),
        graph=False,
    ),
    stat(
        "missing",
        "Replicas missing",
        "Tasks of Swarm services that are wanted and do not run.",
        Prometheus(
            f'sum(max by (service, stack) (swarm_service_replicas{{{WHICH}, state="desired"}}))'
            f' - sum(max by (service, stack) (swarm_service_replicas{{{WHICH}, state="running"}}))'
        ),
        unit=Unit.COUNT,
        minimum=None,
        thresholds=steps(GREEN, (1, RED)),
        graph=False,
    ),
    stat(
        "pending",
        "Pushed, not deployed",
        "Services whose registry has another image under their tag than runs.",
        Prometheus(f"sum(max by (service, stack) (deploy_pending{{{WHICH}}}))"),
        unit=Unit.COUNT,
        thresholds=steps(GREEN, (1, ORANGE)),
        graph=False,
    ),
    states(
        "state",
        "State",
        "Whether each container runs.",
        Prometheus(f'max by (name) (container_state{{{WHICH}, state="running"}})', "{{name}}"),
        colors={0: ("does not run", RED), 1: ("runs", GREEN)},
        links=[TO_SERVICE],
    ),
    states(
        "health",
        "Health",
        "Whether the health check of each container that has one fails.",
        Prometheus(f'max by (name) (container_health{{{WHICH}, state="unhealthy"}})', "{{name}}"),
        colors={0: ("healthy", GREEN), 1: ("unhealthy", RED)},
    ),
    table(
        "exits",
        "Exits in the time range",
        "Ends of containers by service and exit code: 137 is a kill, 0 a good end.",
        Prometheus(
            "sum by (service, stack, code)"
            f" (increase(container_exits_total{{{WHICH}}}[$__range])) > 0",
            instant=True,
            format="table",
        ),
        names={"Value": "exits"},
        sort="-exits",
        nothing="no container ended",
        logs=ERRORS,
    ),
    timeseries(
        "restarts-time",
        "Restarts and OOM kills",
        "Restarts and out-of-memory events an hour, by service.",
        Prometheus(
            f"sum by (service) (increase(container_restarts_total{{{WHICH}}}[1h]))",
            "{{service}} restarts",
        ),
        Prometheus(
            f"sum by (service) (increase(container_oom_events_total{{{WHICH}}}[1h]))",
            "{{service}} OOM",
        ),
        unit=Unit.COUNT,
        links=LINKS,
        logs=ERRORS,
    ),
)

cpu = row(
    "CPU",
    heatmap(
        "cpu-seconds",
        "CPU in each second",
        "Every one-second sample as a share of the limit, or of one core: peaks of a second show.",
        Prometheus(
            f"sum by (le) (increase(container_cpu_utilization_ratio_bucket{{{WHICH}}}{RATE}))",
            "{{le}}",
            format="heatmap",
        ),
        unit=Unit.SHARE,
    ),
    timeseries(
        "cpu",
        "CPU by service",
        "Cores in use.",
        Prometheus(rate("container_cpu_usage_seconds_total"), "{{service}}"),
        unit=Unit.COUNT,
        links=LINKS,
    ),
    timeseries(
        "cpu-peaks",
        "CPU peaks by service",
        "The share of the limit, or of one core, that 99 of 100 seconds stay under.",
        Prometheus(
            "histogram_quantile(0.99, sum by (le, service)"
            f" (rate(container_cpu_utilization_ratio_bucket{{{WHICH}}}{RATE})))",
            "{{service}}",
        ),
        unit=Unit.SHARE,
        maximum=2,
        width=8,
        links=LINKS,
    ),
    timeseries(
        "throttled",
        "Throttled periods",
        "Share of a container's periods in which its CPU limit held it back.",
        Prometheus(
            f"{rate('container_cpu_cfs_throttled_periods_total')}"
            f" / {rate('container_cpu_cfs_periods_total')}",
            "{{service}}",
        ),
        unit=Unit.SHARE,
        width=8,
        links=LINKS,
    ),
    timeseries(
        "throttled-seconds",
        "Time held back",
        "Seconds a second that containers waited for their CPU limit.",
        Prometheus(rate("container_cpu_cfs_throttled_seconds_total"), "{{service}}"),
        unit=Unit.SECONDS,
        width=8,
        links=LINKS,
    ),
)

memory = row(
    "Memory",
    timeseries(
        "working-set",
        "Working set",
        "Memory in use without idle page cache: what the kernel cannot take back.",
        Prometheus(total("container_memory_working_set_bytes"), "{{service}}"),
        unit=Unit.BYTES,
        links=LINKS,
    ),
    bar_gauge(
        "memory-limit",
        "Memory against its limit",
        "Working set as a share of the limit, of containers that have one.",
        Prometheus(
            f"topk(15, max by (service) (container_memory_working_set_bytes{{{WHICH}}}"
            f" / (container_spec_memory_limit_bytes{{{WHICH}}} > 0)))",
            "{{service}}",
            instant=True,
        ),
        unit=Unit.SHARE,
        width=12,
        nothing="no container has a limit",
    ),
)

sockets = row(
    "Sockets and network",
    timeseries(
        "sockets",
        "Sockets by service, protocol and state",
        "Sockets of containers with a network of their own.",
        Prometheus(
            "topk(20, sum by (service, protocol, state)"
            f' (container_sockets{{{WHICH}, protocol!="all"}}))',
            "{{service}} {{protocol}} {{state}}",
        ),
        unit=Unit.COUNT,
        width=8,
        links=LINKS,
    ),
    timeseries(
        "socket-slope",
        "Sockets gained an hour",
        "The slope of the last hours: what stays above zero is a leak.",
        Prometheus(
            "topk(10, 3600 * sum by (service, protocol)"
            f' (deriv(container_sockets{{{WHICH}, state=~"inuse|used"}}[2h])))',
            "{{service}} {{protocol}}",
        ),
        unit=Unit.COUNT,
        minimum=None,
        width=8,
        links=LINKS,
    ),
    timeseries(
        "tcp6",
        "TCP over IPv4 and IPv6",
        "Connections in use by version of IP.",
        Prometheus(
            f'sum by (protocol) (container_sockets{{{WHICH}, protocol=~"tcp6?", state="inuse"}})',
            "{{protocol}}",
        ),
        unit=Unit.COUNT,
        width=8,
    ),
    timeseries(
        "network",
        "Network",
        "Bytes a second received and sent, by service.",
        Prometheus(rate("container_network_receive_bytes_total"), "{{service}} received"),
        Prometheus(rate("container_network_transmit_bytes_total"), "{{service}} sent"),
        unit=Unit.BYTES_PER_SECOND,
        width=8,
        links=LINKS,
    ),
    timeseries(
        "packets",
        "Packets",
        "Packets a second received and sent, by service.",
        Prometheus(rate("container_network_receive_packets_total"), "{{service}} received"),
        Prometheus(rate("container_network_transmit_packets_total"), "{{service}} sent"),
        unit=Unit.PER_SECOND,
        width=8,
    ),
    timeseries(
        "network-trouble",
        "Network errors and drops",
        "Packets a second that were lost, by service and what befell them.",
        *(
            Prometheus(
                rate(f"container_network_{way}_{what}_total"), f"{{{{service}}}} {way} {what}"
            )
            for way in ("receive", "transmit")
            for what in ("errors", "packets_dropped")
        ),
        unit=Unit.PER_SECOND,
        width=8,
    ),
)

disk = row(
    "Disk",
    timeseries(
        "disk-bytes",
        "Disk bytes",
        "Bytes a second read and written, by service.",
        Prometheus(rate("container_fs_reads_bytes_total"), "{{service}} read"),
        Prometheus(rate("container_fs_writes_bytes_total"), "{{service}} written"),
        unit=Unit.BYTES_PER_SECOND,
        links=LINKS,
    ),
    timeseries(
        "disk-operations",
        "Disk operations",
        "Reads and writes a second, by service.",
        Prometheus(rate("container_fs_reads_total"), "{{service}} reads"),
        Prometheus(rate("container_fs_writes_total"), "{{service}} writes"),
        unit=Unit.OPERATIONS_PER_SECOND,
        links=LINKS,
    ),
)

deploys = row(
    "Deploys",
    table(
        "versions",
        "What runs",
        "The version of each service, since when, and who deployed it.",
        Prometheus(
            "max by (service, stack, image, version, deployer)"
            f" (deploy_last_timestamp_seconds{{{WHICH}}}) * 1000",
            instant=True,
            format="table",
        ),
        names={"Value": "since"},
        units={"since": Unit.AGO},
        sort="-since",
    ),
    timeseries(
        "deploys",
        "Deploys by outcome",
        "Deploys in an hour, by what became of them.",
        Prometheus(
            "sum by (service, outcome) (max by (service, stack, outcome)"
            f" (increase(deploy_total{{{WHICH}}}[1h])))",
            "{{service}} {{outcome}}",
        ),
        unit=Unit.COUNT,
        width=6,
        links=LINKS,
    ),
    timeseries(
        "deploy-duration",
        "Duration of deploys",
        "How long 9 of 10 deploys of the last day took.",
        Prometheus(
            "histogram_quantile(0.9, sum by (le, service)"
            f" (increase(deploy_duration_seconds_bucket{{{WHICH}}}[1d])))",
            "{{service}}",
        ),
        unit=Unit.SECONDS,
        width=6,
        links=LINKS,
    ),
    timeseries(
        "replicas",
        "Replicas",
        "Tasks of Swarm services that are wanted and that run.",
        Prometheus(
            f"max by (service, state) (swarm_service_replicas{{{WHICH}}})",
            "{{service}} {{state}}",
        ),
        unit=Unit.COUNT,
        links=LINKS,
    ),
    timeseries(
        "waiting",
        "Waiting to be deployed",
        "How long the registry has had an image that does not run.",
        Prometheus(
            f"time() - max by (service) (deploy_pending_since_timestamp_seconds{{{WHICH}}})",
            "{{service}}",
        ),
        unit=Unit.SECONDS,
        nothing="all that was pushed runs",
        links=LINKS,
    ),
)


def kinds(
    key: str, title: str, description: str, *metrics: str, unit: Unit, counters: bool = False
) -> Panel:
    """Return a graph of several families of the chosen services, each by its name."""
    ask = rate if counters else total
    targets = (Prometheus(ask(name), f"{{{{service}}}} {_words(name)}") for name in metrics)
    return timeseries(key, title, description, *targets, unit=unit, width=8, links=LINKS)


def _words(metric: str) -> str:
    return metric.removeprefix("container_").removesuffix("_total").replace("_", " ")


details = row(
    "Details",
    kinds(
        "cpu-modes",
        "CPU modes",
        "Cores in user mode and in the kernel.",
        "container_cpu_user_seconds_total",
        "container_cpu_system_seconds_total",
        unit=Unit.COUNT,
        counters=True,
    ),
    kinds(
        "memory-kinds",
        "Memory by kind",
        "Anonymous memory, page cache, swap and what the kernel holds.",
        "container_memory_rss",
        "container_memory_cache",
        "container_memory_swap",
        "container_memory_mapped_file",
        "container_memory_kernel_usage",
        unit=Unit.BYTES,
    ),
    kinds(
        "memory-use",
        "Memory in use, and the most ever",
        "Page cache included, with its part that was used lately and its idle part.",
        "container_memory_usage_bytes",
        "container_memory_max_usage_bytes",
        "container_memory_total_active_file_bytes",
        "container_memory_total_inactive_file_bytes",
        unit=Unit.BYTES,
    ),
    kinds(
        "memory-trouble",
        "At the limit, and page faults",
        "How often a second memory came to its limit, and pages were not there.",
        "container_memory_failcnt",
        "container_memory_failures_total",
        unit=Unit.PER_SECOND,
        counters=True,
    ),
    kinds(
        "pressure-waiting",
        "Pressure: some wait",
        "Seconds a second in which some tasks waited for CPU, memory or disk.",
        "container_pressure_cpu_waiting_seconds_total",
        "container_pressure_memory_waiting_seconds_total",
        "container_pressure_io_waiting_seconds_total",
        unit=Unit.SECONDS,
        counters=True,
    ),
    kinds(
        "pressure-stalled",
        "Pressure: all wait",
        "Seconds a second in which no task could go on for want of CPU, memory or disk.",
        "container_pressure_cpu_stalled_seconds_total",
        "container_pressure_memory_stalled_seconds_total",
        "container_pressure_io_stalled_seconds_total",
        unit=Unit.SECONDS,
        counters=True,
    ),
    kinds(
        "memory-limits",
        "Limits of memory",
        "Limits of memory, of memory with swap, and the soft one; 0 is none.",
        "container_spec_memory_limit_bytes",
        "container_spec_memory_swap_limit_bytes",
        "container_spec_memory_reservation_limit_bytes",
        unit=Unit.BYTES,
    ),
    kinds(
        "cpu-limits",
        "Limits of CPU",
        "Quota and period in microseconds, and the weight against others.",
        "container_spec_cpu_quota",
        "container_spec_cpu_period",
        "container_spec_cpu_shares",
        unit=Unit.COUNT,
    ),
    kinds(
        "processes",
        "Processes and threads",
        "How many there are, and how many threads there may be.",
        "container_processes",
        "container_threads",
        "container_threads_max",
        unit=Unit.COUNT,
    ),
    table(
        "containers",
        "Containers",
        "When each container was last started, and last sampled.",
        Prometheus(
            "max by (name, service, stack, image)"
            f" (container_start_time_seconds{{{WHICH}}}) * 1000",
            instant=True,
            format="table",
        ),
        Prometheus(
            f"max by (name, service, stack, image) (container_last_seen{{{WHICH}}}) * 1000",
            instant=True,
            format="table",
        ),
        names={"Value #A": "started", "Value #B": "last seen"},
        units={"started": Unit.AGO, "last seen": Unit.AGO},
        width=24,
    ),
    collapsed=True,
)

dashboard = Dashboard(
    uid="nearfield-containers",
    title="Nearfield 6: Containers",
    description="Every service at a glance, then its CPU, memory, sockets, network and disk.",
    rows=[glance, cpu, memory, sockets, disk, deploys, details],
    variables=[
        stack_variable("container_last_seen"),
        service_variable("container_last_seen"),
    ],
    logs='{service=~"$service"}',
    time="now-1h",
)
