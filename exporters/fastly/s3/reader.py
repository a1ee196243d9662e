"""Reads new objects of a bucket into the spool."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic

from exporters.core.errors import SourceMismatch, SourceUnavailable
from exporters.fastly.bodies import Body, Decoded, Limits
from exporters.fastly.bodies.threads import in_thread
from exporters.fastly.quarantine import Quarantine
from exporters.fastly.receive.metrics import ReceiveMetrics
from exporters.fastly.receive_refusals import NoRoom, Refused
from exporters.fastly.s3.bucket import Bucket, Object
from exporters.fastly.s3.taken import Taken
from exporters.fastly.segment import Source
from exporters.fastly.spool import Arrival, Kind, Part, Settled, Spool
from exporters.fastly.together import together

log = logging.getLogger(__name__)

SOURCE: Source = "s3"
STATE = "s3.json"
EVERYTHING = 3600.0
"""Seconds between two lists of all objects; those in between begin at the latest ones."""
AT_A_TIME = 4
"""Objects that are read at a time; the lines of each are in memory or, if many, on disk."""

_UNLIMITED = 2**60


class S3Reader:
    """`poll` is what a `Poller` reads: how many objects were taken. They wait in the spool then."""

    def __init__(
        self,
        url: str,
        bucket: Bucket,
        state: Path,
        late: float,
        line_limit: int,
        spool: Spool,
        quarantine: Quarantine,
        metrics: ReceiveMetrics,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._url, self._bucket, self._state = url, bucket, state
        self._late = timedelta(seconds=late)
        # Who writes to our own bucket is trusted with what a body inflates to; the quota holds.
        self._limits = Limits(_UNLIMITED, _UNLIMITED, _UNLIMITED, line_limit)
        self._spool, self._quarantine, self._metrics = spool, quarantine, metrics
        self._now, self._clock = now, clock
        self._taken: Taken | None = None
        self._after = ""
        self._listed_all_at = float("-inf")

    async def poll(self) -> int:
        """Take every object that is not taken yet; raise a SourceError where that cannot be."""
        if self._taken is None:
            since = self._now() - self._late
            self._taken = await asyncio.to_thread(Taken.load, self._state, self._url, since)
        began = self._clock()
        everything = began - self._listed_all_at >= EVERYTHING
        wanted = await self._list(self._taken, everything)
        try:
            await self._take_all(wanted, self._taken)
        finally:
            self._save(self._taken)
        if everything:
            self._taken.forget(self._late)
            self._listed_all_at = began
        return len(wanted)

    async def _list(self, taken: Taken, everything: bool) -> list[Object]:
        """Return what is wanted, oldest first.

        A list of everything finds where the latest objects begin, if keys begin with their time.
        """
        wanted = []
        after, latest = ("", False) if everything else (self._after, True)
        async for each in self._bucket.list(after):
            latest = latest or each.modified >= taken.since
            if not latest:
                after = each.key
            if taken.wants(each):
                wanted.append(each)
        self._after = after
        return sorted(wanted, key=lambda each: each.modified)

    def _save(self, taken: Taken) -> None:
        try:
            taken.save(self._state, self._url)
        except OSError as error:
            reason = (error.strerror or "not possible").lower()
            raise SourceUnavailable(f"cannot write which objects are taken: {reason}") from error

    async def _take_all(self, wanted: Sequence[Object], taken: Taken) -> None:
        """Take objects, a few at a time: each is waited for longer than it is worked on."""
        waiting = iter(wanted)

        async def work() -> None:
            for each in waiting:
                await self._take(each)
                taken.add(each)

        await together(work() for _ in range(AT_A_TIME))

    async def _take(self, found: Object) -> None:
        """Store the lines of one object; one that is broken, or gone, is passed over."""
        try:
            with self._spool.part() as part:
                decoded = await self._read(found, part)
                if decoded.lines:
                    await self._store(part, decoded)
            await self._quarantine.too_long(SOURCE, decoded.too_long)
        except NoRoom as error:
            raise SourceUnavailable(f"the spool takes nothing: {error}") from error
        except Refused as refused:
            self._metrics.refused.inc((SOURCE, refused.reason))
            log.warning("an object of the bucket is passed over: %s: %s", found.key, refused)
        except SourceMismatch:
            log.info("an object of the bucket is gone before it was read: %s", found.key)

    async def _read(self, found: Object, part: Part) -> Decoded:
        encoding = "snappy" if found.key.endswith(".snappy") else ""
        body = Body(encoding, self._limits, part.write)
        async for block in self._bucket.read(found.key):
            await in_thread(None, partial(body.feed, block))
            self._spool.check_room()
        return await in_thread(None, body.finish)

    async def _store(self, part: Part, decoded: Decoded) -> None:
        arrival = Arrival(part, decoded.digest, decoded.lines, Kind(SOURCE))
        if await self._spool.store(arrival) is Settled.REPEATED:
            self._metrics.repeated.inc((SOURCE,))
        else:
            self._metrics.batches.inc((SOURCE,))
