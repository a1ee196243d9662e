"""Deploys: what runs, what became of them, what waits."""

from dashboards.containers.ask import LINKS, WHICH
from dashboards.lib import Prometheus, Unit, row, table, timeseries

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
            f"sum by (service, outcome) (increase(deploy_total{{{WHICH}}}[1h]))",
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
