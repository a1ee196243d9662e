"""Download counts out of databases: the app's own tables, the ledger, the users' own SQL."""

from exporters.core.database import Database
from exporters.core.exporter import Exporter
from exporters.core.telemetry import Telemetry
from exporters.downloads.settings import DownloadsSettings

__all__ = ["DownloadsSettings", "build"]


def build(
    settings: DownloadsSettings,  # noqa: ARG001
    telemetry: Telemetry,  # noqa: ARG001
    app: Database | None,
    ledger: Database | None,  # noqa: ARG001
) -> Exporter:
    """Return the exporter; `app` is opened and closed with it, the ledger by whoever made it."""
    return Exporter(name="downloads", resources=() if app is None else (app,))
