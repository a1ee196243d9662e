"""The open segments of all sources, as the thread sees them that alone may write to them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporters.fastly.receive_refusals import NoRoom
from exporters.fastly.segment import Batch
from exporters.fastly.spool.files import disk_failed
from exporters.fastly.spool.lane import Arrival, Kind, Lane
from exporters.fastly.spool.stock import Filling, Waiting

MOST_BATCHES = 20_000
"""Batches of one segment: more of them would make its index the larger part."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What one turn came to."""

    outcome: Sequence[Batch | NoRoom]
    """In the order of the arrivals."""
    sealed: Sequence[Waiting]
    filling: Mapping[Kind, Filling]


class Lanes:
    """One open segment for each kind of batches that come."""

    def __init__(self, folder: Path, segment_size: int, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._segment_size = segment_size
        self._clock = clock
        self._open: dict[Kind, Lane] = {}

    def turn(self, arrivals: Sequence[Arrival], ripe: Collection[Kind]) -> Committed:
        """Store the arrivals and close their parts, then seal what is ripe, full or spoilt."""
        try:
            outcome = self._commit(arrivals)
        finally:
            for arrival in arrivals:
                arrival.part.close()
        sealed = [
            waiting
            for kind, lane in list(self._open.items())
            if (kind in ripe or self._is_full(lane)) and (waiting := self._seal(kind))
        ]
        filling = {kind: Filling(lane.size, lane.born) for kind, lane in self._open.items()}
        return Committed(outcome, sealed, filling)

    def _commit(self, arrivals: Sequence[Arrival]) -> list[Batch | NoRoom]:
        outcome: dict[int, Batch | NoRoom] = {}
        for kind in dict.fromkeys(arrival.kind for arrival in arrivals):
            mine = [place for place, arrival in enumerate(arrivals) if arrival.kind == kind]
            results = self._commit_to(kind, [arrivals[place] for place in mine])
            outcome.update(zip(mine, results, strict=True))
        return [outcome[place] for place in range(len(arrivals))]

    def _commit_to(self, kind: Kind, arrivals: Sequence[Arrival]) -> list[Batch | NoRoom]:
        lane = self._open.get(kind)
        if lane is None:
            lane = Lane(self._folder, kind, self._clock())
            try:
                lane.open()
            except OSError as error:
                return [disk_failed(error) for _ in arrivals]
            self._open[kind] = lane
        return lane.commit(arrivals)

    def _is_full(self, lane: Lane) -> bool:
        many = len(lane.batches) >= MOST_BATCHES
        return lane.spoilt or many or not lane.batches or lane.size >= self._segment_size

    def _seal(self, kind: Kind) -> Waiting | None:
        lane = self._open.pop(kind)
        segment = lane.seal()
        return Waiting(segment, lane.born) if segment else None

    def close(self) -> None:
        """Seal everything, for whoever opens the folder next."""
        for kind in list(self._open):
            self._seal(kind)
