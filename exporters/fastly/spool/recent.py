"""The digests of batches that were stored lately, so that a repeat is answered and not stored."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

KEPT = 24 * 3600.0
"""Seconds that a digest is remembered, as long as the ledger does."""
MOST = 50_000


class Recent:
    """At most `MOST` digests. A batch whose storing has failed is forgotten."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._stored: OrderedDict[str, float] = OrderedDict()
        self._storing: dict[str, asyncio.Future[None]] = {}

    def __contains__(self, digest: str) -> bool:
        """Whether a batch with this digest is stored."""
        since = self._stored.get(digest)
        return since is not None and self._clock() - since < KEPT

    def add(self, digest: str) -> None:
        """Remember a batch that is stored; the empty digest is nobody's."""
        if digest:
            self._stored[digest] = self._clock()
            self._stored.move_to_end(digest)
        while len(self._stored) > MOST:
            self._stored.popitem(last=False)

    def storing(self, digest: str) -> asyncio.Future[None] | None:
        """Return what is done when a batch with this digest is, if one is being stored."""
        return self._storing.get(digest)

    def begin(self, digest: str, done: asyncio.Future[None]) -> None:
        """Remember a batch that is being stored until it is done."""
        if digest:
            self._storing[digest] = done
            done.add_done_callback(lambda _: self._storing.pop(digest, None))
        # Nobody may be left to hear of a failure; it is not news then.
        done.add_done_callback(asyncio.Future.exception)
