"""Names and help texts of `slack_*`."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.exposition import ValueFamily

DROPS = ("queue_full", "rejected", "expired", "shutdown")
"""Why a message was never sent: too many waited, Slack refused it, it was tried for too long, the
process ended."""

FAILURES = ("rate_limited", "unavailable", "timeout", "rejected")
"""Why a post did not succeed."""


class SlackMetrics(Collector):
    """What became of messages; every series is there from the start."""

    def __init__(self) -> None:
        self.accepted = ValueFamily(
            "counter", "slack_messages_accepted_total", "Messages handed over to be sent to Slack."
        )
        self.sent = ValueFamily(
            "counter", "slack_messages_sent_total", "Messages that Slack took, alone or grouped."
        )
        self.dropped = ValueFamily(
            "counter",
            "slack_messages_dropped_total",
            "Messages that were never sent, by reason.",
            ("reason",),
        )
        self.failures = ValueFamily(
            "counter",
            "slack_post_failures_total",
            "Posts to Slack that did not succeed, by reason; most are tried again.",
            ("reason",),
        )
        self.waiting = ValueFamily(
            "gauge", "slack_queue_messages", "Messages that wait to be sent to Slack."
        )
        for family in (self.accepted, self.sent):
            family.inc((), 0)
        for reason in DROPS:
            self.dropped.inc((reason,), 0)
        for reason in FAILURES:
            self.failures.inc((reason,), 0)
        self.waiting.set((), 0)

    def collect(self) -> Iterable[Metric]:
        """Every family."""
        return (self.accepted, self.sent, self.dropped, self.failures, self.waiting)

    describe = collect
