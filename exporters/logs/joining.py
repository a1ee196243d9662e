"""Several lines that are one message: stack traces, indented lines, a user's own rule. Pure.

A line is joined to those above it when it says that it belongs to them, and came soon after. What
it says is its kind; whether that kind goes on depends on what the message is by then:

    plain     any line                    report   the heading of a report of Erlang's
    trouble   a line that tells of an     value    a line of it after which its value comes
              error                       erlang   a report, or an exception of Elixir's with
    python    a traceback, until the               its stack
              line with the exception     node     the place that Node prints before an error
    go        a panic, its goroutines     done     a trace that is complete

The message of an error may have several lines, blank ones too, before its stack: they are looked
for ahead.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from exporters.logs.line_kinds import (
    ALWAYS,
    BEGINS,
    GOES_ON,
    begins_anew,
    kind_of,
    may_join,
    stack_of,
    tells_of_trouble,
)

MOST = 1000
"""Lines of one message."""
LARGEST = 128 * 1024
"""Characters of one message: half of what Loki takes."""

_NS = 1_000_000_000
_APART = 12
"""Lines that may stand between the line with an error and its stack."""


@dataclass(slots=True)
class Joined:
    """Messages, each with the time of its first line."""

    times: Sequence[int]
    texts: Sequence[str]
    lines: Sequence[int]
    """The times of all lines that they are made of."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How lines are joined; `wait` in seconds."""

    traces: bool = True
    wait: float = 0.5
    first: re.Pattern[str] | None = None
    """What a first line looks like: then nothing else counts."""

    @property
    def needed(self) -> bool:
        """Whether anything is ever joined."""
        return self.traces or self.first is not None


@dataclass(slots=True)
class _Message:
    """The message that lines are still joined to."""

    first: str
    last: int
    """The time of its last line."""
    size: int
    what: str
    stack: re.Pattern[str] | None
    """What the stack looks like that is still to come; None where none is."""
    lines: int = 1


@dataclass(slots=True)
class Joiner:
    """Joins the lines of one stream. The last message is held: more of it may come."""

    rules: Rules
    times: list[int] = field(default_factory=list)
    """Of the lines that are held."""
    _texts: list[str] = field(default_factory=list)

    def feed(self, times: Sequence[int], texts: Sequence[str]) -> Joined:
        """Return the messages that these lines complete."""
        times, texts = [*self.times, *times], [*self._texts, *texts]
        if not self.rules.first and not may_join("\n" + "\n".join(texts)):
            joined, held = Joined(times[:-1], texts[:-1], times[:-1]), len(times) - 1
        else:
            starts = self._starts(times, texts)
            joined, held = _joined(times, texts, starts), starts[-1]
        self.times, self._texts = times[held:], texts[held:]
        return joined

    def flush(self) -> Joined:
        """Return what is held, since no more of it comes."""
        times, texts, self.times, self._texts = self.times, self._texts, [], []
        if not times:
            return Joined((), (), ())
        return _joined(times, texts, [*self._starts(times, texts, final=True), len(times)])

    def _starts(
        self, times: Sequence[int], texts: Sequence[str], *, final: bool = False
    ) -> list[int]:
        """Return where messages begin; the last one may go on, with all that stands behind."""
        starts, place = [0], 1
        message = _begin(times[0], texts[0])
        while place < len(texts):
            more = self._more(message, times, texts, place)
            if more is None:
                if not final:
                    break
                more = 0
            if more:
                taken = texts[place : place + more]
                message.size += sum(map(len, taken))
                message.lines += more
                message.last = times[place + more - 1]
                place += more
                continue
            starts.append(place)
            message = _begin(times[place], texts[place])
            place += 1
        return starts

    def _more(
        self, message: _Message, times: Sequence[int], texts: Sequence[str], place: int
    ) -> int | None:
        """Return how many lines from `place` on belong to a message; None where others decide."""
        if (
            times[place] - message.last > int(self.rules.wait * _NS)
            or message.size + len(texts[place]) >= LARGEST
            or message.lines >= MOST
        ):
            return 0
        if self.rules.first:
            return 0 if self.rules.first.search(texts[place]) else 1
        if _goes_on(message, texts[place]):
            return 1
        ahead = slice(place, place + _APART)
        return self._before_stack(message.stack, message.last, times[ahead], texts[ahead])

    def _before_stack(
        self,
        stack: re.Pattern[str] | None,
        last: int,
        times: Sequence[int],
        texts: Sequence[str],
    ) -> int | None:
        """Return how many lines stand before a stack; 0 for no stack, None while it may come."""
        if stack is None:
            return 0
        for count, (time, text) in enumerate(zip(times, texts, strict=True)):
            if time - last > int(self.rules.wait * _NS):
                return 0
            if stack.match(text):
                return count
            if begins_anew(text):
                return 0
            last = time
        return None if len(texts) < _APART else 0


def _begin(time: int, text: str) -> _Message:
    kind = kind_of(text)
    return _Message(text, time, len(text), BEGINS.get(kind, ""), stack_of(kind, text))


def _goes_on(message: _Message, text: str) -> bool:
    """Whether a line belongs to a message by its own looks; the message becomes what it is then."""
    kind = kind_of(text)
    if message.what in {"report", "value"} and kind != "report":
        message.what = "value" if message.what == "report" and text.endswith(":") else "erlang"
        return True
    if kind in ALWAYS:
        message.what = ALWAYS[kind] or message.what
        if message.stack and message.stack.match(text):
            message.stack = None
        return True
    if not message.what:
        message.what = "trouble" if tells_of_trouble(message.first) else "plain"
    after = GOES_ON.get(kind, {}).get(message.what)
    if after is None and message.what == "python":
        after = "done"  # the line with the exception, whatever it is called
    elif after is not None and message.what != "python":
        message.stack = stack_of(kind, text) or message.stack
    message.what = after or message.what
    return after is not None


def _joined(times: Sequence[int], texts: Sequence[str], starts: Sequence[int]) -> Joined:
    """Return the messages between these starts."""
    return Joined(
        [times[start] for start in starts[:-1]],
        [_text(texts[start:end]) for start, end in pairwise(starts)],
        times[: starts[-1]],
    )


def _text(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else "\n".join(texts).rstrip("\n")
