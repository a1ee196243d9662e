"""A spool at work, and batches for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

from exporters.fastly.segment import Segment, digest
from exporters.fastly.spool import Arrival, Kind, Settled, Spool, SpoolLimits

HTTPS = Kind("https")
LIMITS = SpoolLimits(quota=10**9, segment_size=1024**2, segment_age=0.01)


@asynccontextmanager
async def at_work(
    folder: Path,
    limits: SpoolLimits = LIMITS,
    *,
    archive: Path | None = None,
    clock: Callable[[], float] = monotonic,
) -> AsyncIterator[Spool]:
    async with Spool(folder, limits, archive=archive, clock=clock) as spool:
        service = asyncio.create_task(spool.run())
        try:
            yield spool
        finally:
            service.cancel()
            await asyncio.wait([service])
            if not service.cancelled():
                service.result()


async def store(
    spool: Spool, body: bytes, *, kind: Kind = HTTPS, name: str | None = None
) -> Settled:
    """Store a body of whole lines; `name` in the place of its digest."""
    with spool.part() as part:
        part.write(body)
        known = digest(body) if name is None else name
        return await spool.store(Arrival(part, known, body.count(b"\n"), kind))


def batches_of(segment: Segment) -> list[bytes]:
    """The bodies in a segment, by its index."""
    log = segment.path.read_bytes()
    return [log[batch.offset : batch.offset + batch.size] for batch in segment.batches]


async def drain(spool: Spool) -> list[bytes]:
    """Every body in the spool, in the order of its segments; the spool is empty then."""
    bodies: list[bytes] = []
    while spool.stock.segments:
        for segment in await spool.oldest(100):
            bodies += batches_of(segment)
            await spool.release(segment)
    return bodies


def held_in(folder: Path) -> list[Path]:
    """What is in a folder besides its lock."""
    return sorted(path for path in folder.iterdir() if path.name != "lock")
