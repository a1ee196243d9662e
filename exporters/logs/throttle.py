"""How many entries of a service may go: a rate and a share, both by the lines' own time. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SAVED = 10
"""Seconds of a service's rate that it may have saved up."""

_NS = 1_000_000_000
_KEPT = frozenset(("warning", "error", "critical"))
_MIX = 2654435761
_MIXED = 2**32


@dataclass(slots=True)
class Throttle:
    """What one service may write, all its containers together."""

    rate: int | None = None
    """Entries a second."""
    share: float | None = None
    _left: float = 0.0
    _last: int | None = None

    def keep(self, times: Sequence[int], levels: Sequence[str]) -> tuple[list[bool], int, int]:
        """Return which entries may go, and how many the rate and the sample leave out.

        A lines' own time tells what comes too fast: to catch up with what was written in an hour is
        no burst.
        """
        kept = [True] * len(times)
        sampled = limited = 0
        if (share := self.share) is not None:
            bound = int(share * _MIXED)
            kept = [
                level in _KEPT or time * _MIX % _MIXED < bound
                for time, level in zip(times, levels, strict=True)
            ]
            sampled = kept.count(False)
        if self.rate is not None:
            limited = self._limit(self.rate, times, kept)
        return kept, limited, sampled

    def _limit(self, rate: int, times: Sequence[int], kept: list[bool]) -> int:
        most, limited = float(rate * SAVED), 0
        if self._last is None:
            self._left, self._last = most, times[0]
        for place, time in enumerate(times):
            if not kept[place]:
                continue
            if time > self._last:
                self._left = min(most, self._left + (time - self._last) / _NS * rate)
                self._last = time
            if self._left >= 1:
                self._left -= 1
            else:
                kept[place] = False
                limited += 1
        return limited


class Throttles:
    """The throttles of all services, by the settings."""

    def __init__(self, rates: Mapping[str, int], shares: Mapping[str, float]) -> None:
        self._rates, self._shares = rates, shares
        self._found: dict[tuple[str, str], Throttle | None] = {}

    def of(self, service: str, stack: str) -> Throttle | None:
        """Return the one of a service; None where it may write what it likes."""
        key = (service, stack)
        if key not in self._found:
            rate = self._rates.get(service, self._rates.get("*"))
            share = self._shares.get(service, self._shares.get("*"))
            free = rate is None and share is None
            self._found[key] = None if free else Throttle(rate, share)
        return self._found[key]
