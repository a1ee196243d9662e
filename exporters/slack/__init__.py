"""Messages to Slack through an incoming webhook."""

from dataclasses import dataclass

from exporters.core.exporter import Exporter
from exporters.slack.message import Message
from exporters.slack.metrics import SlackMetrics
from exporters.slack.sender import Accepts, Manners, Sender
from exporters.slack.settings import SlackSettings
from exporters.slack.webhook import Webhook

__all__ = ["Accepts", "Manners", "Message", "Sender", "Slack", "SlackSettings", "build"]


@dataclass(frozen=True, slots=True)
class Slack:
    """What exporters are given (`sender`), and what opens, runs and shows it (`exporter`)."""

    sender: Sender
    exporter: Exporter


def build(settings: SlackSettings) -> Slack | None:
    """Return the sender, or None where no webhook is configured."""
    if not settings.webhook_url:
        return None
    metrics = SlackMetrics()
    sender = Sender(Webhook(settings.webhook_url), metrics)
    exporter = Exporter(
        "slack",
        resources=(sender,),
        services=(sender,),
        sources=lambda: (sender,),
        collectors=(metrics,),
    )
    return Slack(sender, exporter)
