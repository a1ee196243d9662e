"""Logs and errors: who says how much, what is new since the last deploy, and the lines."""

from dashboards.lib import (
    GREEN,
    RED,
    Dashboard,
    Loki,
    Postgres,
    Prometheus,
    Unit,
    logs,
    row,
    stat,
    steps,
    table,
    timeseries,
)
from dashboards.questions import TO_LOGS, TO_SERVICE, service_variable, stack_variable

WHICH = 'service=~"$service", stack=~"$stack"'
CHOSEN = "service ~ '^(${service:regex})$' AND stack ~ '^(${stack:regex})$'"
RATE = "[$__rate_interval]"
LINES = '{service=~"$service"}'
ERRORS = LINES + ' | level=~"error|critical"'
LINKS = [TO_LOGS, TO_SERVICE]

volume = row(
    "Volume",
    stat(
        "errors",
        "Error lines, last hour",
        "Lines of level error and worse.",
        Prometheus(f'sum(increase(log_lines_total{{{WHICH}, level=~"error|critical"}}[1h]))'),
        unit=Unit.COUNT,
        width=6,
        decimals=0,
        logs=ERRORS,
    ),
    stat(
        "exceptions",
        "Exceptions, last hour",
        "Exceptions of every type.",
        Prometheus(f"sum(increase(log_exceptions_total{{{WHICH}}}[1h]))"),
        unit=Unit.COUNT,
        width=6,
        decimals=0,
        logs=ERRORS,
    ),
    stat(
        "new-exceptions",
        "New kinds since the last deploy",
        "Kinds of exceptions that were first seen after the last deploy of their service.",
        Postgres(f"SELECT count(*) AS kinds FROM nearfield.new_exceptions WHERE {CHOSEN}"),
        unit=Unit.COUNT,
        width=6,
        thresholds=steps(GREEN, (1, RED)),
        background=True,
        graph=False,
        logs=ERRORS,
    ),
    stat(
        "newest-exception",
        "Newest kind of exception",
        "When a kind of exception was first seen that nobody had seen before.",
        Prometheus(f"max(log_exception_newest_timestamp_seconds{{{WHICH}}}) * 1000"),
        unit=Unit.AGO,
        width=6,
        graph=False,
        logs=ERRORS,
    ),
    timeseries(
        "lines",
        "Lines by service",
        "Entries that containers logged; a stack trace is one.",
        Prometheus(f"sum by (service) (rate(log_lines_total{{{WHICH}}}{RATE}))", "{{service}}"),
        unit=Unit.PER_SECOND,
        width=8,
        stack=True,
        links=LINKS,
    ),
    timeseries(
        "levels",
        "Lines by level",
        "Entries by their level.",
        Prometheus(f"sum by (level) (rate(log_lines_total{{{WHICH}}}{RATE}))", "{{level}}"),
        unit=Unit.PER_SECOND,
        width=8,
        stack=True,
    ),
    timeseries(
        "bytes",
        "Bytes by service",
        "Bytes a second that containers logged.",
        Prometheus(f"sum by (service) (rate(log_bytes_total{{{WHICH}}}{RATE}))", "{{service}}"),
        unit=Unit.BYTES_PER_SECOND,
        width=8,
        stack=True,
        links=LINKS,
    ),
    timeseries(
        "error-lines",
        "Error lines by service",
        "Lines of level error and worse, as Loki has them.",
        Loki(
            'sum by (service) (rate({service=~"$service"} | level=~"error|critical" [$__auto]))',
            "{{service}}",
        ),
        unit=Unit.PER_SECOND,
        links=LINKS,
        logs=ERRORS,
    ),
    timeseries(
        "exceptions-time",
        "Exceptions by type",
        "Exceptions a minute by service and type.",
        Prometheus(
            f"topk(15, 60 * sum by (service, type) (rate(log_exceptions_total{{{WHICH}}}{RATE})))",
            "{{service}} {{type}}",
        ),
        unit=Unit.PER_MINUTE,
        links=LINKS,
        nothing="no exceptions",
        logs=ERRORS,
    ),
)

exceptions = row(
    "Exceptions",
    timeseries(
        "new-kinds",
        "New kinds by service",
        "Kinds of exceptions of each service that were first seen after its last deploy began.",
        Prometheus(
            f"max by (service) (log_exception_kinds_since_deploy{{{WHICH}}})", "{{service}}"
        ),
        unit=Unit.COUNT,
        width=24,
        height=5,
        links=LINKS,
        nothing="nothing new since the last deploy",
        logs=ERRORS,
    ),
    table(
        "new",
        "New since the last deploy",
        "Kinds of exceptions that were first seen after the last deploy of their service began.",
        Postgres(
            f"""
            SELECT service, version, type, message, place, count, first_seen AS "first seen",
                last_seen AS "last seen", deployed_at AS deployed
            FROM nearfield.new_exceptions
            WHERE {CHOSEN}
            ORDER BY first_seen DESC
            LIMIT 100
            """
        ),
        width=24,
        nothing="nothing new since the last deploy",
        logs=ERRORS,
    ),
    table(
        "kinds",
        "All kinds in the time range",
        "Each kind of exception that was seen in the time range: since when, how often, and which"
        " version it first appeared in.",
        Postgres(
            f"""
            SELECT service, type, message, place, count, first_seen AS "first seen",
                last_seen AS "last seen", first_version AS "first version"
            FROM nearfield.exceptions
            WHERE $__timeFilter(last_seen) AND {CHOSEN}
            ORDER BY last_seen DESC
            LIMIT 200
            """
        ),
        width=24,
        nothing="no exceptions",
        logs=ERRORS,
    ),
)

panel = row(
    "Lines",
    logs(
        "log",
        "Lines",
        "The chosen services' lines, the newest first.",
        Loki(LINES, max_lines=500),
        height=16,
    ),
)

shipping = row(
    "Shipping",
    timeseries(
        "sent",
        "Sent and dropped",
        "Lines a second that Loki took, and those that never reached it by reason.",
        Prometheus(f"sum(rate(log_entries_sent_total{RATE}))", "sent"),
        Prometheus(
            f"sum by (reason) (rate(log_entries_dropped_total{RATE}))", "dropped: {{reason}}"
        ),
        unit=Unit.PER_SECOND,
        width=8,
        logs='{service="nearfield"}',
    ),
    timeseries(
        "left-out",
        "Left out on purpose",
        "Lines a second that rate limits and samples left out.",
        Prometheus(
            f"sum by (service, reason) (rate(log_lines_dropped_total{{{WHICH}}}{RATE}))",
            "{{service}} {{reason}}",
        ),
        unit=Unit.PER_SECOND,
        width=8,
        links=LINKS,
    ),
    timeseries(
        "followed",
        "Containers followed",
        "Containers whose logs are read, and exceptions that the ledger never heard of.",
        Prometheus("sum(log_containers_followed)", "containers"),
        Prometheus("sum(increase(log_exceptions_unrecorded_total[1h]))", "unrecorded, last hour"),
        unit=Unit.COUNT,
        width=8,
        logs='{service="nearfield"}',
    ),
    collapsed=True,
)

dashboard = Dashboard(
    uid="nearfield-logs",
    title="Nearfield 9: Logs and errors",
    description="Who says how much, what is new since the last deploy, and the lines.",
    rows=[volume, exceptions, panel, shipping],
    variables=[stack_variable("log_bytes_total"), service_variable("log_bytes_total")],
    logs=LINES,
    time="now-3h",
)
