"""How a listener's program fetches an episode: the requests of one session, one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from exporters.embedded.traffic.apps import Way
from exporters.embedded.traffic.lines import Answer

_PART = 2 * 1024 * 1024
_MOST_PARTS = 12
_CACHED = (("HIT-CLUSTER", "HIT", "HIT-STALE-CLUSTER", "MISS-CLUSTER"), (0.66, 0.28, 0.01, 0.05))


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request of a session: seconds after the end of the one before, range, and the answer."""

    pause: float
    range: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class File:
    """What is fetched: bytes, and how fast the listener gets them, in bytes a second."""

    size: int
    speed: float


def heard(rng: Random) -> float:
    """Return the part of a file that a listener gets: most all of it, some hardly a minute."""
    luck = rng.random()
    if luck < 0.58:
        return 1.0
    if luck < 0.63:
        return rng.uniform(0.001, 0.01)
    return rng.triangular(0.04, 0.98, 0.3)


def session(rng: Random, way: Way, file: File, share: float) -> Iterator[Fetch]:
    """Yield the requests by which `share` of a file is fetched from its beginning.

    The bytes of their bodies add up to it, the two of a probe aside.
    """
    cache = rng.choices(*_CACHED)[0]
    end = max(1, round(file.size * share))
    if way is Way.WHOLE:
        return _whole(rng, file, end, cache)
    if way is Way.PARTS:
        return _parts(rng, file, end, cache)
    if way is Way.APPLE:
        return _apple(rng, file, end, cache)
    return iter([_open_ended(file, 0, end, cache, 0.0)])


def _whole(rng: Random, file: File, end: int, cache: str) -> Iterator[Fetch]:
    """Yield one request; now and then it breaks off, and another one gets the rest."""
    if rng.random() > 0.06 or end < 2 * _PART:
        yield Fetch(0.0, "", Answer(200, end, _took(file, end), cache))
        return
    cut = round(end * rng.uniform(0.2, 0.9))
    yield Fetch(0.0, "", Answer(200, cut, _took(file, cut), cache))
    yield _open_ended(file, cut, end, "HIT", rng.uniform(5, 60))


def _parts(rng: Random, file: File, end: int, cache: str) -> Iterator[Fetch]:
    part = max(_PART, end // _MOST_PARTS)
    for low in range(0, end, part):
        high = min(low + part, end)
        span = f"{low}-{high - 1}"
        answer = Answer(
            206, high - low, _took(file, high - low), cache, f"bytes {span}/{file.size}"
        )
        yield Fetch(rng.uniform(2, 25) if low else 0.0, f"bytes={span}", answer)


def _apple(rng: Random, file: File, end: int, cache: str) -> Iterator[Fetch]:
    yield Fetch(0.0, "bytes=0-1", Answer(206, 2, 0.002, cache, f"bytes 0-1/{file.size}"))
    low, pause = 0, 0.05
    while low < end:
        high = min(low + max(_PART, round(end * rng.uniform(0.1, 0.5))), end)
        yield _open_ended(file, low, high, cache, pause)
        low, pause = high, rng.uniform(3, 30)


def _open_ended(file: File, low: int, high: int, cache: str, pause: float) -> Fetch:
    """Return a request for all from `low` on, of which the client reads up to `high` only."""
    span = f"bytes {low}-{file.size - 1}/{file.size}"
    answer = Answer(206, high - low, _took(file, high - low), cache, span)
    return Fetch(pause, f"bytes={low}-", answer)


def _took(file: File, size: int) -> float:
    return min(0.004 + size / file.speed, 900.0)
