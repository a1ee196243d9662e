"""Tells the ledger which episodes the app has: the log stream measures by their size and length."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from exporters.core.database import Database
from exporters.core.poller import Pace, Poller, Turn
from exporters.core.telemetry import Telemetry
from exporters.downloads.model import Episode
from exporters.ledger import EpisodeFacts, write_episodes

_SOONEST = 5.0
"""Seconds between two looks whether the app's episodes were read again."""


class Catalogue:
    """Writes the app's public episodes to the ledger, when they are others than it was told."""

    def __init__(
        self,
        ledger: Database,
        telemetry: Telemetry,
        turn: Turn,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`turn` is held while the ledger is written."""
        self._ledger = ledger
        self._clock = clock
        pace = Pace.every(_SOONEST, deadline=30.0)
        self.poller = Poller("downloads", "catalogue", self.write, pace, telemetry, turn=turn)
        self._found: frozenset[EpisodeFacts] = frozenset()
        self._written: frozenset[EpisodeFacts] = frozenset()

    def told(self, episodes: Sequence[Episode]) -> None:
        """Take what was read of the app."""
        self._found = frozenset(facts(episodes))

    async def write(self) -> int:
        """Write what the ledger does not know yet; return how many. Raises SourceError."""
        found = self._found
        if new := found - self._written:
            await write_episodes(self._ledger, new, self._clock())
            self._written = found
        return len(new)


def facts(episodes: Iterable[Episode]) -> Iterator[EpisodeFacts]:
    """Yield what the ledger is told; sizes and lengths that cannot be are left out."""
    for each in episodes:
        yield EpisodeFacts(
            each.podcast,
            each.episode,
            title=each.title,
            audio_bytes=_whole(each.audio_bytes),
            duration_seconds=each.duration if _whole(each.duration) else None,
            published_at=datetime.fromtimestamp(each.published_at, UTC),
        )


def _whole(amount: float | None) -> int | None:
    """Return an amount that a file can have, in whole bytes or seconds."""
    possible = amount is not None and math.isfinite(amount) and 1 <= amount < 2**62
    return int(amount) if amount is not None and possible else None
