"""The rest of cAdvisor's families."""

from dashboards.containers.ask import LINKS, WHICH, rate, total
from dashboards.lib import Panel, Prometheus, Unit, row, table, timeseries


def kinds(
    key: str, title: str, description: str, *metrics: str, unit: Unit, counters: bool = False
) -> Panel:
    """Return a graph of several families of the chosen services, each by its name."""
    ask = rate if counters else total
    targets = (Prometheus(ask(name), f"{{{{service}}}} {_words(name)}") for name in metrics)
    return timeseries(key, title, description, *targets, unit=unit, width=8, links=LINKS)


def each(metric: str, scaled: str = "") -> Prometheus:
    """Return a column of the chosen containers."""
    of = f"max by (name, service, stack, image) ({metric}{{{WHICH}}})"
    return Prometheus(f"{of}{scaled}", instant=True, format="table")


def _words(metric: str) -> str:
    return metric.removeprefix("container_").removesuffix("_total").replace("_", " ")


details = row(
    "Details",
    kinds(
        "cpu-modes",
        "CPU modes",
        "Cores in user mode, in the kernel, and over the limit out of what was saved before.",
        "container_cpu_user_seconds_total",
        "container_cpu_system_seconds_total",
        "container_cpu_cfs_burst_seconds_total",
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
        "How often a second memory came to its limit, was slowed down before it, and pages were not"
        " there.",
        "container_memory_failcnt",
        "container_memory_events_max_total",
        "container_memory_events_high_total",
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
        "When each container was made, last started and last sampled; its health is 1, or 0 where"
        " its check fails, or -1 without one.",
        each("container_start_time_seconds", " * 1000"),
        each("container_last_seen", " * 1000"),
        each("container_creation_time_seconds", " * 1000"),
        each("container_health_state"),
        names={
            "Value #A": "started",
            "Value #B": "last seen",
            "Value #C": "made",
            "Value #D": "health",
        },
        units=dict.fromkeys(("started", "last seen", "made"), Unit.AGO),
        width=24,
    ),
    collapsed=True,
)
