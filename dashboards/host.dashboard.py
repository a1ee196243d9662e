"""Host and database: use, saturation and errors of the machine, and PostgreSQL's own numbers."""

from dashboards.host.ask import DEVICES, ON, RATE, REAL_DISKS, each
from dashboards.host.database import database
from dashboards.lib import (
    GREEN,
    ORANGE,
    RED,
    Dashboard,
    Prometheus,
    Unit,
    heatmap,
    labels,
    row,
    stat,
    steps,
    timeseries,
)

cpu = row(
    "At a glance, and the processor",
    stat(
        "cpu-use",
        "CPU in use",
        "Share of CPU time that was not idle.",
        Prometheus(f'1 - avg(rate(node_cpu_seconds_total{{{ON}, mode="idle"}}{RATE}))'),
        unit=Unit.SHARE,
        thresholds=steps(GREEN, (0.8, ORANGE), (0.95, RED)),
    ),
    stat(
        "memory-use",
        "Memory in use",
        "Share of memory that is not available any more.",
        Prometheus(
            f"1 - min(node_memory_MemAvailable_bytes{{{ON}}} / node_memory_MemTotal_bytes{{{ON}}})"
        ),
        unit=Unit.SHARE,
        thresholds=steps(GREEN, (0.85, ORANGE), (0.95, RED)),
    ),
    stat(
        "disk-left",
        "Disk days left",
        "Days until the first disk is full, if it fills as in the last six hours.",
        Prometheus(
            f"min((node_filesystem_avail_bytes{{{REAL_DISKS}}}"
            f" / (-deriv(node_filesystem_avail_bytes{{{REAL_DISKS}}}[6h]) > 0)) / 86400)"
        ),
        unit=Unit.COUNT,
        decimals=0,
        thresholds=steps(RED, (3, ORANGE), (14, GREEN)),
        nothing="no disk fills",
        graph=False,
    ),
    stat(
        "uptime",
        "Last boot",
        "When the machine was last started.",
        Prometheus(f"max(node_boot_time_seconds{{{ON}}}) * 1000"),
        unit=Unit.AGO,
        graph=False,
    ),
    stat(
        "database-up",
        "Database",
        "1 while every PostgreSQL answers its exporter.",
        Prometheus(f"min(pg_up{{{ON}}})"),
        unit=Unit.NONE,
        thresholds=steps(RED, (1, GREEN)),
        background=True,
        graph=False,
    ),
    stat(
        "connections-use",
        "Connections in use",
        "Share of the connections that PostgreSQL allows.",
        Prometheus(
            f"max(sum by (instance) (pg_stat_activity_count{{{ON}}})"
            f" / on (instance) max by (instance) (pg_settings_max_connections{{{ON}}}))"
        ),
        unit=Unit.SHARE,
        thresholds=steps(GREEN, (0.7, ORANGE), (0.9, RED)),
    ),
    timeseries(
        "cpu",
        "CPU by mode",
        "Cores by what they do.",
        Prometheus(
            f'sum by (mode) (rate(node_cpu_seconds_total{{{ON}, mode!="idle"}}{RATE}))', "{{mode}}"
        ),
        unit=Unit.COUNT,
        width=8,
        stack=True,
    ),
    timeseries(
        "load",
        "Load",
        "Processes that run or wait, over 1 and 15 minutes.",
        Prometheus(f"node_load1{{{ON}}}", "{{instance}} 1 min"),
        Prometheus(f"node_load15{{{ON}}}", "{{instance}} 15 min"),
        unit=Unit.COUNT,
        width=8,
    ),
    heatmap(
        "pressure",
        "Pressure in each second",
        "Every one-second sample of the share of time in which some tasks waited for CPU, memory"
        " or disk.",
        Prometheus(
            f'sum by (le) (increase(host_pressure_ratio_bucket{{{ON}, tasks="some"}}{RATE}))',
            "{{le}}",
            format="heatmap",
        ),
        unit=Unit.SHARE,
        width=8,
    ),
)

memory = row(
    "Memory and disk",
    timeseries(
        "memory",
        "Memory",
        "Memory that is available, cached and free.",
        Prometheus(f"node_memory_MemAvailable_bytes{{{ON}}}", "{{instance}} available"),
        Prometheus(f"node_memory_Cached_bytes{{{ON}}}", "{{instance}} cached"),
        Prometheus(f"node_memory_MemFree_bytes{{{ON}}}", "{{instance}} free"),
        unit=Unit.BYTES,
        width=8,
    ),
    timeseries(
        "disk-use",
        "Disks",
        "Share of each disk in use.",
        Prometheus(
            f"1 - node_filesystem_avail_bytes{{{REAL_DISKS}}}"
            f" / node_filesystem_size_bytes{{{REAL_DISKS}}}",
            "{{instance}} {{mountpoint}}",
        ),
        unit=Unit.SHARE,
        width=8,
    ),
    timeseries(
        "disk-time",
        "Disk time",
        "Share of time in which each device was busy.",
        Prometheus(
            f"rate(node_disk_io_time_seconds_total{{{DEVICES}}}{RATE})", "{{instance}} {{device}}"
        ),
        unit=Unit.SHARE,
        width=8,
    ),
)

network = row(
    "Network and sockets",
    timeseries(
        "tcp",
        "TCP over IPv4 and IPv6",
        "Connections in use by version of IP.",
        Prometheus(f"sum by (instance) (node_sockstat_TCP_inuse{{{ON}}})", "{{instance}} IPv4"),
        Prometheus(f"sum by (instance) (node_sockstat_TCP6_inuse{{{ON}}})", "{{instance}} IPv6"),
        unit=Unit.COUNT,
        width=8,
    ),
    timeseries(
        "tcp-kept",
        "TCP sockets held",
        "Sockets that are allocated, orphaned or in time wait: a leak rises here first.",
        Prometheus(f"sum by (instance) (node_sockstat_TCP_alloc{{{ON}}})", "{{instance}} alloc"),
        Prometheus(f"sum by (instance) (node_sockstat_TCP_orphan{{{ON}}})", "{{instance}} orphan"),
        Prometheus(f"sum by (instance) (node_sockstat_TCP_tw{{{ON}}})", "{{instance}} time wait"),
        unit=Unit.COUNT,
        width=8,
    ),
    timeseries(
        "listen-drops",
        "Connections not accepted",
        "Connections a second that found a full queue.",
        Prometheus(each("node_netstat_TcpExt_ListenDrops"), "{{instance}} drops"),
        Prometheus(each("node_netstat_TcpExt_ListenOverflows"), "{{instance}} overflows"),
        unit=Unit.PER_SECOND,
        width=8,
    ),
    timeseries(
        "traffic",
        "Network",
        "Bytes a second by device.",
        Prometheus(
            f"rate(node_network_receive_bytes_total{{{DEVICES}}}{RATE})",
            "{{instance}} {{device}} received",
        ),
        Prometheus(
            f"rate(node_network_transmit_bytes_total{{{DEVICES}}}{RATE})",
            "{{instance}} {{device}} sent",
        ),
        unit=Unit.BYTES_PER_SECOND,
        width=8,
    ),
    timeseries(
        "network-errors",
        "Network errors",
        "Packets a second that came or went wrong.",
        Prometheus(each("node_network_receive_errs_total", "device"), "{{device}} received"),
        Prometheus(each("node_network_transmit_errs_total", "device"), "{{device}} sent"),
        unit=Unit.PER_SECOND,
        width=8,
    ),
    timeseries(
        "files",
        "Open files",
        "Share of the files that the kernel allows to be open.",
        Prometheus(f"node_filefd_allocated{{{ON}}} / node_filefd_maximum{{{ON}}}", "{{instance}}"),
        unit=Unit.SHARE,
        width=8,
    ),
)

dashboard = Dashboard(
    uid="nearfield-host",
    title="Nearfield 7: Host and database",
    description="Use, saturation and errors of the machine, and PostgreSQL's own numbers.",
    rows=[cpu, memory, network, database],
    variables=[
        labels("job", "up"),
        labels("instance", 'up{job=~"$job"}'),
    ],
    logs='{service=~".*(postgres|db|database).*"}',
    time="now-3h",
)
