"""PostgreSQL's own numbers."""

from dashboards.host.ask import ON, RATE, ours
from dashboards.lib import Prometheus, Unit, row, table, timeseries

database = row(
    "PostgreSQL",
    timeseries(
        "connections",
        "Connections",
        "Connections by database and state.",
        Prometheus(
            f"sum by (datname, state) (pg_stat_activity_count{{{ON}}}) > 0",
            "{{datname}} {{state}}",
        ),
        unit=Unit.COUNT,
        width=8,
        stack=True,
    ),
    timeseries(
        "cache-hits",
        "Cache hits",
        "Share of blocks that were found in PostgreSQL's own memory.",
        Prometheus(
            f"{ours('pg_stat_database_blks_hit')} / ({ours('pg_stat_database_blks_hit')}"
            f" + {ours('pg_stat_database_blks_read')})",
            "{{datname}}",
        ),
        unit=Unit.SHARE,
        width=8,
    ),
    timeseries(
        "transactions",
        "Transactions",
        "Transactions a second that were kept, and undone.",
        Prometheus(ours("pg_stat_database_xact_commit"), "{{datname}} committed"),
        Prometheus(ours("pg_stat_database_xact_rollback"), "{{datname}} rolled back"),
        unit=Unit.OPERATIONS_PER_SECOND,
        width=8,
    ),
    timeseries(
        "locks",
        "Locks",
        "Locks that are held or waited for, by mode.",
        Prometheus(f"sum by (mode) (pg_locks_count{{{ON}}}) > 0", "{{mode}}"),
        unit=Unit.COUNT,
        width=8,
    ),
    timeseries(
        "deadlocks",
        "Deadlocks and temporary files",
        "Deadlocks an hour (left), and bytes a second that queries spilled to disk (right).",
        Prometheus(
            f"3600 * sum(rate(pg_stat_database_deadlocks{{{ON}}}{RATE}))", "deadlocks an hour"
        ),
        Prometheus(f"sum(rate(pg_stat_database_temp_bytes{{{ON}}}{RATE}))", "spilled"),
        unit=Unit.COUNT,
        right={"spilled": Unit.BYTES_PER_SECOND},
        width=8,
    ),
    timeseries(
        "longest",
        "Longest transaction",
        "How long the oldest transaction of each database has been open.",
        Prometheus(
            f"max by (datname, state) (pg_stat_activity_max_tx_duration{{{ON}}}) > 0",
            "{{datname}} {{state}}",
        ),
        unit=Unit.SECONDS,
        width=8,
        nothing="no transaction is open",
    ),
    timeseries(
        "replication",
        "Replication lag",
        "How far a standby is behind; 0 on a primary.",
        Prometheus(
            f"pg_replication_lag_seconds{{{ON}}} or pg_replication_lag{{{ON}}}", "{{instance}}"
        ),
        unit=Unit.SECONDS,
        width=8,
    ),
    timeseries(
        "size",
        "Size of databases",
        "Bytes on disk.",
        Prometheus(f"sum by (datname) (pg_database_size_bytes{{{ON}}})", "{{datname}}"),
        unit=Unit.BYTES,
        width=8,
    ),
    table(
        "slow-queries",
        "Slowest queries",
        "Where time goes, by query id; from pg_stat_statements, where its collector is on.",
        Prometheus(
            "topk(15, sum by (datname, queryid)"
            f" (increase(pg_stat_statements_seconds_total{{{ON}}}[$__range])))",
            instant=True,
            format="table",
        ),
        names={"Value": "seconds"},
        unit=Unit.SECONDS,
        sort="-seconds",
        width=8,
        nothing="pg_stat_statements is not collected",
    ),
)
