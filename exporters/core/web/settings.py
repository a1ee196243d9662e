"""The `[web]` section: where the metrics and the page for people are served."""

from pydantic import Field

from exporters.core.quantities import Address, Listen
from exporters.core.settings import Location, Section


class WebSettings(Section):
    """Where scrapers, orchestrators and people find Nearfield."""

    listen: Listen = Field(
        Address("127.0.0.1", 9580),
        description="Address of `/`, `/metrics`, `/healthz` and `/readyz`.",
    )
    config_file: Location | None = Field(
        None, description="TLS and basic auth, in the exporter-toolkit's `web.config.yml` format."
    )
