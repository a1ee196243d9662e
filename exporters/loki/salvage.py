"""Lines that Loki refuses are found by halving: the others arrive, whatever Loki's text says.

Loki stores the good lines of a push that it answers with 400, and ignores them when they come
again, so pushing halves is safe. The newest go first: once a line is refused for its age, all that
are older in its stream are refused too and need not be asked for. The same for longer lines than
one that is too long, and for the other lines of a stream whose labels are refused. So a thousand
bad lines cost some twenty pushes.
"""

from collections.abc import Awaitable, Callable, Sequence
from operator import itemgetter

from exporters.loki.answers import Answer, Verdict, reason
from exporters.loki.limits import Refusal
from exporters.loki.model import Entry, Stream

Push = Callable[[Sequence[Entry]], Awaitable[Answer]]

_ENOUGH = 8
"""Lines refused one by one, for no reason that we know, none taken: it is not about the lines."""


class Salvage:
    """One batch that was refused or too large; `taken` and `refused` tell what became of it."""

    def __init__(self, push: Push) -> None:
        self._push = push
        self._old: dict[Stream, int] = {}
        self._bad: set[Stream] = set()
        self._long: int | None = None
        self.taken = 0
        self.refused: list[Refusal] = []

    @property
    def in_vain(self) -> bool:
        """Whether all was refused for no known reason: as a wrong tenant or proxy does it."""
        unknown = all(refusal.reason == "refused" for refusal in self.refused)
        return not self.taken and bool(self.refused) and unknown

    async def run(self, entries: Sequence[Entry], answer: Answer) -> None:
        """Find out which entries are refused, after `answer` to all of them."""
        parts = _halves(sorted(entries, key=itemgetter(1)))
        if not parts:
            self._refuse(entries[0], answer)
        while parts and not (self.in_vain and len(self.refused) >= _ENOUGH):
            part = self._spared(parts.pop())
            if not part:
                continue
            answer = await self._push(part)
            if answer.verdict is Verdict.TAKEN:
                self.taken += len(part)
            elif len(part) > 1:
                parts += _halves(part)
            else:
                self._refuse(part[0], answer)

    def _spared(self, entries: Sequence[Entry]) -> list[Entry]:
        """Refuse what need not be asked for, and return the rest."""
        spared = []
        for entry in entries:
            if word := self._known(entry):
                self.refused.append(Refusal(entry, word))
            else:
                spared.append(entry)
        return spared

    def _known(self, entry: Entry) -> str:
        if entry.stream in self._bad:
            return "labels"
        if entry.ns <= self._old.get(entry.stream, -1):
            return "too_old"
        return "too_long" if self._long is not None and _size(entry) >= self._long else ""

    def _refuse(self, entry: Entry, answer: Answer) -> None:
        word = "too_long" if answer.verdict is Verdict.TOO_LARGE else reason(answer.text)
        self.refused.append(Refusal(entry, word))
        if word == "too_old":
            self._old[entry.stream] = entry.ns
        elif word == "too_long":
            self._long = _size(entry)
        elif word == "labels":
            self._bad.add(entry.stream)


def _halves(entries: Sequence[Entry]) -> list[Sequence[Entry]]:
    """Return two halves, the newer last; nothing where there is one entry only."""
    middle = len(entries) // 2
    return [entries[:middle], entries[middle:]] if middle else []


def _size(entry: Entry) -> int:
    return len(entry.line.encode("utf-8", "replace"))
