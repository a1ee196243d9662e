"""The `[docker]` table of the settings."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from exporters.core.settings import Location, Section, wants

_HOST = re.compile(r"unix:///\S+|(tcp|http|https)://[^\s/@?#]+/?")


def _host(host: str) -> str:
    if not _HOST.fullmatch(host):
        raise wants('a socket or an address, such as "unix:///var/run/docker.sock" or "tcp://…"')
    return host


class DockerSettings(Section):
    """Where the Docker engine answers. A read-only socket proxy will do."""

    host: Annotated[str, AfterValidator(_host)] = Field(
        "unix:///var/run/docker.sock",
        description="The engine's socket, or `tcp://host:2376` with TLS, or a socket proxy's"
        " `tcp://host:2375` without. A proxy has to allow reads of containers, images, events, info"
        " and version; of services and tasks for Swarm.",
    )
    ca_file: Location | None = Field(
        None, description="Certificates that the engine's is checked by; setting it turns TLS on."
    )
    cert_file: Location | None = Field(
        None, description="Our certificate, where the engine asks for one."
    )
    key_file: Location | None = Field(None, description="The key of our certificate.")

    @property
    def tls(self) -> bool:
        """Whether the engine is spoken to over TLS."""
        return self.host.startswith("https://") or self.ca_file is not None

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise wants("cert_file and key_file together, or neither")
        if self.tls and self.host.startswith("unix:"):
            raise wants("no ca_file, since a socket speaks no TLS")
        return self
