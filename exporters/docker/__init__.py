"""The Docker engine, as containers, deploys and logs share it: one client, one list, one stream."""

from dataclasses import dataclass

from exporters.core.exporter import Exporter
from exporters.core.telemetry import Telemetry
from exporters.docker.client import DockerClient
from exporters.docker.inventory import Inventory, Observer
from exporters.docker.node import Node
from exporters.docker.settings import DockerSettings

__all__ = ["DockerClient", "DockerSettings", "Engine", "Inventory", "Observer", "build"]


@dataclass(frozen=True, slots=True)
class Engine:
    """What exporters are given: made once, opened and run as `exporter`."""

    client: DockerClient
    inventory: Inventory
    node: Node
    exporter: Exporter


def build(settings: DockerSettings, telemetry: Telemetry) -> Engine:
    """Return the engine; it connects when its exporter runs, and again whenever it has to."""
    client = DockerClient(settings)
    inventory = Inventory(client, telemetry)
    parts = Exporter(
        "docker",
        resources=(client,),
        services=(inventory.poller, inventory),
        sources=lambda: (inventory,),
    )
    return Engine(client, inventory, Node(client), parts)
