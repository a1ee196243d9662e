"""Keeps containers that share streams near each other while they read what was written before.

Loki takes a line only if it is at most an hour older than the newest of its stream, and replicas of
a service share one. Were one of them read to its end first, the lines of the others would be
refused.
"""

import asyncio
from collections.abc import Hashable

from exporters.logs.reading import SPAN


class Convoy:
    """Who is behind, and where; who is as far as the present does not count."""

    def __init__(self, span: int = SPAN) -> None:
        self._span = span
        self._behind: dict[Hashable, dict[Hashable, int]] = {}
        self._moved = asyncio.Event()

    def join(self, group: Hashable, member: Hashable, time: int) -> None:
        """Let a member begin to read at a time, in nanoseconds."""
        self._behind.setdefault(group, {})[member] = time

    def leave(self, group: Hashable, member: Hashable) -> None:
        """Let others no longer wait for a member: it has come to the present, or cannot go on."""
        members = self._behind.get(group, {})
        if members.pop(member, None) is not None:
            self._tell()
        if not members:
            self._behind.pop(group, None)

    def waits_for(self, group: Hashable, member: Hashable) -> bool:
        """Whether a member is behind, as far as is known here."""
        return member in self._behind.get(group, {})

    async def turn(self, group: Hashable, member: Hashable, time: int) -> None:
        """Return when no other member is further behind `time` than the span."""
        if group not in self._behind:
            return
        while members := self._behind.get(group):
            if member in members and members[member] < time:
                members[member] = time
                self._tell()
            others = [at for other, at in members.items() if other != member]
            if not others or time <= min(others) + self._span:
                return
            await self._moved.wait()

    def _tell(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
