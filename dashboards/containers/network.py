"""Sockets, network and disk of services."""

from dashboards.containers.ask import LINKS, WHICH, rate
from dashboards.lib import Prometheus, Unit, row, timeseries

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
