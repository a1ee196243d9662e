"""The `[web]` section: where the metrics and the page for people are served."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from exporters.core.quantities import Address, Listen
from exporters.core.settings import Location, Section, wants


def _page(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
        )
    except ValueError:
        good = False
    if not good or not text.isprintable():
        raise wants('the address of a page, such as "https://grafana.example.org"')
    return text


class WebSettings(Section):
    """Where scrapers, orchestrators and people find Nearfield."""

    listen: Listen = Field(
        Address("127.0.0.1", 9580),
        description="Address of `/`, `/metrics`, `/healthz` and `/readyz`.",
    )
    links: dict[str, Annotated[str, AfterValidator(_page)]] = Field(
        default={}, description="Titles and addresses of pages that the page at `/` leads to."
    )
    config_file: Location | None = Field(
        None, description="TLS and basic auth, in the exporter-toolkit's `web.config.yml` format."
    )
