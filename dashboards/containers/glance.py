"""State, health, restarts and exits of every service."""

from dashboards.containers.ask import ERRORS, LINKS, WHICH
from dashboards.lib import (
    GREEN,
    ORANGE,
    RED,
    Prometheus,
    Unit,
    row,
    stat,
    states,
    steps,
    table,
    timeseries,
)

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
        Prometheus(
            f'max by (service, name) (container_state{{{WHICH}, state="running"}})', "{{name}}"
        ),
        colors={0: ("does not run", RED), 1: ("runs", GREEN)},
        links=LINKS,
    ),
    states(
        "health",
        "Health",
        "Whether the health check of each container that has one fails.",
        Prometheus(
            f'max by (service, name) (container_health{{{WHICH}, state="unhealthy"}})', "{{name}}"
        ),
        colors={0: ("healthy", GREEN), 1: ("unhealthy", RED)},
        links=LINKS,
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
