"""Everybody who is told of a deploy that ended: Slack, the log store, the look back."""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from time import time
from typing import Protocol

from exporters.containers.deploys.followup import FollowUps
from exporters.containers.deploys.model import Deploy
from exporters.containers.deploys.words import line, message, metadata
from exporters.slack import Accepts


class Entries(Protocol):
    """Somewhere to hand log lines to; the call neither waits nor fails."""

    def accept(self, service: str, stack: str, line: str, metadata: Mapping[str, str]) -> None:
        """Take a line of a service, of this moment."""


class Announcer:
    """Tells whoever is there; none of them waits."""

    def __init__(
        self,
        sender: Accepts | None,
        entries: Entries | None,
        follow_ups: FollowUps | None,
        zone: tzinfo,
        clock: Callable[[], float] = time,
    ) -> None:
        self._sender = sender
        self._entries = entries
        self._follow_ups = follow_ups
        self._zone = zone
        self._clock = clock

    def tell(self, deploy: Deploy) -> None:
        """Tell of a deploy that ended."""
        if self._sender:
            self._sender.accept(message(deploy, self._clock(), self._zone))
        if self._entries:
            self._entries.accept(*deploy.service.labels, line(deploy), metadata(deploy))
        if self._follow_ups:
            self._follow_ups.accept(deploy)
