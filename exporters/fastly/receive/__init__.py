"""The endpoint that the CDN's nodes send their log lines to.

    connection (limits) ─▶ guard (TLS) ─▶ token ─▶ blocks (pace) ─▶ body ─▶ spool ─▶ 200

A batch is answered 200 when a sync has made it safe. What is refused has a status and a counter;
see `receive_refusals`.
"""

from exporters.fastly.receive.connections import ConnectionLimits, Connections
from exporters.fastly.receive.listener import ReceiverListener
from exporters.fastly.receive.metrics import ReceiveMetrics
from exporters.fastly.receive.pace import Pace
from exporters.fastly.receive.receiver import INGEST, Policy, Receiver
from exporters.fastly.receive.tokens import Tokens

__all__ = [
    "INGEST",
    "ConnectionLimits",
    "Connections",
    "Pace",
    "Policy",
    "ReceiveMetrics",
    "Receiver",
    "ReceiverListener",
    "Tokens",
]
