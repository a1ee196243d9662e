"""One connection's bytes to lots of entries, each with the cursor that goes with it. No I/O."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge

from exporters.logs.cursor import STREAMS, Positions, Resume
from exporters.logs.editing import Edited, Editor, Origin
from exporters.logs.frames import Frames, Lines
from exporters.logs.joining import Joined, Joiner, Rules
from exporters.logs.throttle import Throttle

SPAN = 600 * 1_000_000_000
"""Nanoseconds that one lot may span: others of the same service have to keep up."""

_LATE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Lot:
    """Entries that are handed over at once, and how far the container was read with them."""

    edited: Edited
    cursor: str
    newest: int
    """The time of its newest line."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is done to the lines of one container."""

    origin: Origin
    rules: Rules
    throttle: Throttle | None
    editor: Editor


class Reading:
    """What one connection brings, from the positions on; it moves them."""

    def __init__(self, work: Work, positions: Positions) -> None:
        self._work, self._positions = work, positions
        self._frames = Frames()
        self._joiners = {name: Joiner(work.rules) for name in STREAMS}
        self._resume = Resume(positions)
        self._newest = positions.newest

    @property
    def held(self) -> bool:
        """Whether a message waits for more lines."""
        return any(joiner.times for joiner in self._joiners.values())

    @property
    def complaint(self) -> str:
        """What the engine itself said in the place of lines."""
        return self._frames.complaint

    def feed(self, data: bytes) -> Iterator[Lot]:
        """Yield what these bytes complete; SourceMalformed for what is no log stream."""
        if self._resume.done:
            found = self._frames.feed(data)
        else:
            found = [self._fresh(lines) for lines in self._frames.feed_in_order(data)]
        newest = max((max(lines.times) for lines in found if lines.times), default=0)
        for lines in self._in_time(found):
            yield from self._take(lines)
        yield from self._late(newest)
        self._follow(newest, {lines.stream for lines in found})

    def flush(self) -> Iterator[Lot]:
        """Yield what is held: nothing came for a while, or nothing comes any more."""
        for name, joiner in self._joiners.items():
            yield from self._lot(name, joiner.flush())

    def _fresh(self, lines: Lines) -> Lines:
        """Return the lines that were not taken before."""
        seen = self._resume.seen(lines.stream, lines.times)
        if not seen:
            return lines
        times, texts = lines.times[seen:], lines.texts[seen:]
        return Lines(lines.stream, times, texts, sum(map(len, texts)))

    def _in_time(self, found: Sequence[Lines]) -> Iterator[Lines]:
        """Yield lines in the order of their times, as far as that keeps each stream's own order."""
        pieces: dict[str, list[Lines]] = {}
        for lines in found:
            pieces.setdefault(lines.stream, []).extend(_pieces(lines))
        yield from merge(*pieces.values(), key=lambda piece: piece.times[0])

    def _follow(self, newest: int, streams: Collection[str]) -> None:
        """Anchor the stream that had no line at the newest of the other, if it is that now."""
        for name, joiner in self._joiners.items():
            idle = name not in streams and not joiner.times and self._frames.whole(name)
            # Behind a clock that was set back a line may have been taken that is yet to come here.
            if newest > self._newest and idle and not self._resume.skips(name):
                self._positions.streams[name].follow(newest)
        self._newest = max(self._newest, newest)

    def _take(self, lines: Lines) -> Iterator[Lot]:
        name, origin = lines.stream, self._work.origin
        labels = (origin.service, origin.stack, name)
        self._work.editor.metrics.bytes.inc(labels, lines.size)
        if self._work.rules.needed:
            yield from self._lot(name, self._joiners[name].feed(lines.times, lines.texts))
        else:
            yield self._emit(name, Joined(lines.times, lines.texts, lines.times))

    def _late(self, newest: int) -> Iterator[Lot]:
        """Yield what is held of one stream, once the other one has gone far ahead."""
        bound = newest - int(self._work.rules.wait * 1e9) - _LATE
        for name, joiner in self._joiners.items():
            if joiner.times and joiner.times[-1] < bound:
                yield from self._lot(name, joiner.flush())

    def _lot(self, name: str, joined: Joined) -> Iterator[Lot]:
        if joined.texts:
            yield self._emit(name, joined)

    def _emit(self, name: str, joined: Joined) -> Lot:
        work = self._work
        self._positions.streams[name].advance(joined.lines)
        edited = work.editor.edit(work.origin, work.throttle, name, joined.times, joined.texts)
        return Lot(edited, str(self._positions), max(joined.times))


def _pieces(lines: Lines) -> Iterator[Lines]:
    """Cut lines so that no piece spans too long a time."""
    times: Sequence[int] = lines.times
    if not times:
        return
    if times[-1] - times[0] <= SPAN:
        yield lines
        return
    start = 0
    for place, time in enumerate(times):
        if time - times[start] > SPAN:
            yield _cut(lines, start, place)
            start = place
    yield _cut(lines, start, len(times))


def _cut(lines: Lines, start: int, stop: int) -> Lines:
    texts = lines.texts[start:stop]
    return Lines(lines.stream, lines.times[start:stop], texts, sum(map(len, texts)))
