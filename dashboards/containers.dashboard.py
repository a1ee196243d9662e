"""Containers: every service at a glance, then its CPU, memory, sockets, network and disk."""

from dashboards.containers.deploys import deploys
from dashboards.containers.details import details
from dashboards.containers.glance import glance
from dashboards.containers.network import disk, sockets
from dashboards.containers.resources import cpu, memory
from dashboards.lib import Dashboard
from dashboards.questions import service_variable, stack_variable

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
