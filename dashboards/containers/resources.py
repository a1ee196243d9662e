"""CPU and memory of services."""

from dashboards.containers.ask import LINKS, RATE, WHICH, rate, total
from dashboards.lib import Prometheus, Unit, bar_gauge, heatmap, row, timeseries

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
        "Share of a container's periods in which its CPU limit held it back, and in which it used"
        " more out of what it had saved.",
        *(
            Prometheus(
                f"{rate(f'container_cpu_cfs_{kind}_periods_total')}"
                f" / {rate('container_cpu_cfs_periods_total')}",
                f"{{{{service}}}} {kind}",
            )
            for kind in ("throttled", "burst")
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
