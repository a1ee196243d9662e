"""Deaths, restarts and kills of containers, each counted once however often it is told of.

An event tells of it at once, an inspection tells of it again, and either may be missing.
"""

from dataclasses import dataclass

from exporters.docker.model import Container

_LATE = 2.0
"""Seconds by which the event of a death may follow the time that `inspect` gives for it."""


class Deaths:
    """Says of each word about a death whether it is news."""

    def __init__(self, began: float) -> None:
        """`began`: Unix seconds; what an inspection says died before is none of ours."""
        self._began = began
        self._last: dict[str, float] = {}
        self._inspected: dict[str, float] = {}
        """Deaths that an inspection told of, and whose event may still come."""

    def by_event(self, key: str, moment: float) -> bool:
        """Whether the event of a death at `moment` (Unix seconds) tells of a new one.

        The engine tells only of what happens while we listen, and again only of the last. That a
        moment is older says nothing: the engine's clock may be set back, or be behind ours.
        """
        if moment == self._last.get(key):
            return False
        self._last[key] = moment
        inspected = self._inspected.pop(key, None)
        return inspected is None or not 0 <= moment - inspected < _LATE

    def by_inspection(self, container: Container) -> bool:
        """Whether the time at which a container last finished tells of a new death."""
        moment = container.finished_at
        if moment <= self._last.get(container.id, self._began):
            return False
        self._last[container.id] = self._inspected[container.id] = moment
        return True

    def forget(self, key: str) -> None:
        """The container is gone; its own event, if it is still to come, would be news again."""
        self._inspected.pop(key, None)
        self._last.pop(key, None)


class Starts:
    """Says how often a container was started again since it was last looked at."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, int]] = {}
        """When it started, and the restarts that the engine had done by then."""

    def again(self, container: Container) -> int:
        """Return the starts since the last call, 0 for the first.

        A start by the restart policy is counted by the engine before its delay begins, and taken
        back where the container is stopped during it: one that waits has not been started yet. A
        start by hand leaves the engine's count and only moves `started_at`.
        """
        started = container.started_at
        done = container.restart_count - (container.state == "restarting")
        before, counted = self._known.get(container.id, (started, done))
        by_hand = started > before > 0 and done <= counted
        self._known[container.id] = (started, max(done, counted))
        return max(done - counted, 0) or int(by_hand)

    def forget(self, key: str) -> None:
        """The container is gone."""
        self._known.pop(key, None)


@dataclass(slots=True)
class Kills:
    """Out-of-memory kills in one run of a container: told by events and by the kernel's count."""

    events: int = 0
    kernel: int = 0

    def event(self) -> int:
        """Return 1 where this event is of a kill that nobody told of yet, else 0."""
        self.events += 1
        return int(self.events > self.kernel)

    def count(self, kills: int) -> int:
        """Return how many of the kills that the kernel counted nobody told of yet."""
        before = max(self.events, self.kernel)
        self.kernel = max(kills, self.kernel)
        return max(self.kernel - before, 0)
