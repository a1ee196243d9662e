"""Metrics of neighbours that dashboards use: who serves them, their labels, whether histograms."""

from collections.abc import Mapping, Sequence

Row = tuple[str, tuple[str, ...], bool]


def _plain(labels: str, *names: str) -> list[Row]:
    return [(name, tuple(labels.split()), False) for name in names]


def _histograms(labels: str, *names: str) -> list[Row]:
    return [(name, tuple(labels.split()), True) for name in names]


_DATABASE = ("blks_hit", "blks_read", "xact_commit", "xact_rollback", "deadlocks", "temp_bytes")

NEIGHBOURS: Mapping[str, Sequence[Row]] = {
    "prometheus": [
        *_plain("", "up", "scrape_duration_seconds"),
        *_plain("alertname service severity alertstate", "ALERTS"),
        *_plain("alertname service severity", "ALERTS_FOR_STATE"),
    ],
    # Of every process with a Prometheus client library, ours too.
    "client libraries": _plain(
        "",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
    ),
    "node_exporter": [
        *_plain("cpu mode", "node_cpu_seconds_total"),
        *_plain(
            "",
            "node_boot_time_seconds",
            "node_load1",
            "node_load15",
            "node_memory_MemAvailable_bytes",
            "node_memory_MemTotal_bytes",
            "node_memory_MemFree_bytes",
            "node_memory_Cached_bytes",
            "node_sockstat_TCP_alloc",
            "node_sockstat_TCP_inuse",
            "node_sockstat_TCP_orphan",
            "node_sockstat_TCP_tw",
            "node_sockstat_TCP6_inuse",
            "node_netstat_TcpExt_ListenDrops",
            "node_netstat_TcpExt_ListenOverflows",
            "node_filefd_allocated",
            "node_filefd_maximum",
        ),
        *_plain(
            "device fstype mountpoint", "node_filesystem_avail_bytes", "node_filesystem_size_bytes"
        ),
        *_plain(
            "device",
            "node_disk_io_time_seconds_total",
            "node_network_receive_bytes_total",
            "node_network_transmit_bytes_total",
            "node_network_receive_errs_total",
            "node_network_transmit_errs_total",
        ),
    ],
    "postgres_exporter": [
        *_plain("", "pg_up"),
        *_plain("server", "pg_settings_max_connections", "pg_replication_lag"),
        *_plain(
            "datname server state", "pg_stat_activity_count", "pg_stat_activity_max_tx_duration"
        ),
        *_plain("datname mode server", "pg_locks_count"),
        *_plain("datname server", "pg_database_size_bytes"),
        *_plain("datid datname server", *(f"pg_stat_database_{name}" for name in _DATABASE)),
    ],
    "postgres_exporter from 0.12": [
        *_plain("", "pg_replication_lag_seconds"),
        *_plain("datname queryid user", "pg_stat_statements_seconds_total"),
    ],
    "nginx_exporter": _plain(
        "",
        "nginx_up",
        "nginx_http_requests_total",
        "nginx_connections_accepted",
        "nginx_connections_handled",
        "nginx_connections_reading",
        "nginx_connections_writing",
        "nginx_connections_waiting",
    ),
    # PromEx puts the name of the app before each; here the app is `shop`.
    "PromEx": [
        *_plain("status method path controller action", "shop_prom_ex_phoenix_http_requests_total"),
        *_histograms(
            "status method path controller action",
            "shop_prom_ex_phoenix_http_request_duration_milliseconds",
        ),
        *_histograms("repo", "shop_prom_ex_ecto_repo_query_queue_time_milliseconds"),
        *_histograms(
            "repo source command", "shop_prom_ex_ecto_repo_query_execution_time_milliseconds"
        ),
        *_plain("name queue state", "shop_prom_ex_oban_queue_length_count"),
        *_plain("type", "shop_prom_ex_beam_stats_run_queue_count"),
        *_plain(
            "",
            "shop_prom_ex_beam_stats_process_count",
            "shop_prom_ex_beam_memory_allocated_bytes",
            "shop_prom_ex_beam_memory_processes_total_bytes",
            "shop_prom_ex_beam_memory_binary_total_bytes",
        ),
    ],
}
