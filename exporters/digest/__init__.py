"""The weekly digest: what the week came to, told to Slack once."""

from datetime import UTC, datetime
from uuid import uuid4

from exporters.core.database import Database
from exporters.core.exporter import Exporter
from exporters.core.poller import Pace, Poller
from exporters.core.telemetry import Telemetry
from exporters.digest.source import History
from exporters.digest.writer import Writer
from exporters.slack import Accepts, SlackSettings

__all__ = ["build"]

_INTERVAL = 60.0


def build(
    settings: SlackSettings, ledger: Database, telemetry: Telemetry, sender: Accepts
) -> Exporter:
    """Return the exporter that sends the digest; `sender` is opened and run by whoever made it."""
    history = History(settings.prometheus_url) if settings.prometheus_url else None
    writer = Writer(
        ledger,
        history,
        sender,
        settings.digest,
        settings.timezone,
        uuid4().hex,
        lambda: datetime.now(UTC),
    )
    poller = Poller("digest", "ledger", writer.look, Pace.every(_INTERVAL), telemetry)
    return Exporter(
        "digest",
        resources=[history] if history else [],
        services=[poller],
        sources=lambda: [poller],
    )
