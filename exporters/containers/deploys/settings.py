"""The `[containers.deploys]` table of the settings."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from exporters.core.quantities import Duration
from exporters.core.settings import Location, Section, wants

_REGISTRY = re.compile(r"(https?://)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?")


def _registries(names: tuple[str, ...]) -> tuple[str, ...]:
    if not all(_REGISTRY.fullmatch(name) for name in names):
        raise wants('hosts, such as "ghcr.io" or "registry.example:5000", http:// without TLS')
    return names


class DeploysSettings(Section):
    """How deploys are followed, and which registries are asked for what is not deployed yet."""

    interval: Duration = Field(
        default=10.0,
        description="Time between two looks at the services; 2 seconds during a deploy, and at"
        " once when a container changes.",
    )
    settle: Duration = Field(
        default=10.0,
        description="How long a new Compose container without a health check must stay up to be"
        " a success.",
    )
    deadline: Duration = Field(
        default=3600.0, description="A deploy that has not ended after this has failed."
    )
    follow_up: Duration = Field(
        default=600.0,
        description="How long after a deploy errors and restarts are compared with before.",
    )
    deployer_label: str = Field(
        default="nearfield.deployer",
        description="Label of a service, container or image that tells who deployed it.",
    )
    registries: Annotated[tuple[str, ...], AfterValidator(_registries)] = Field(
        default=(),
        description="Registries that are asked whether a newer image was pushed than runs;"
        " `http://host:port` for one without TLS, `docker.io` for Docker Hub.",
    )
    registry_interval: Duration = Field(
        default=60.0, description="Time between two questions to the registries."
    )
    registry_credentials_file: Location | None = Field(
        default=None,
        description="User names and passwords of the registries, as `docker login` writes them"
        " into `config.json`; read anew each time.",
    )
    registry_ca_file: Location | None = Field(
        default=None, description="Certificates that the registries' are checked by as well."
    )
