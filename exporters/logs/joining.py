"""Several lines that are one message: stack traces, indented lines, a user's own rule. Pure.

A line is joined to those above it when it says that it belongs to them, and came soon after. What
it says is its kind; whether that kind goes on depends on what the message is by then:

    plain     any line                    go       a panic, its goroutines
    trouble   a line that tells of an     erlang   a report, or an exception of Elixir's with
              error                                its stack
    python    a traceback, until the      node     the place that Node prints before an error
              line with the exception     done     a trace that is complete
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

MOST = 1000
"""Lines of one message."""
LARGEST = 128 * 1024
"""Characters of one message: half of what Loki takes."""

_NS = 1_000_000_000

# One search over many lines: where it finds nothing, each line is a message.
_SUSPECT = re.compile(
    r"\n(?:[ \t\n}\])]|Traceback |During handling|The above exc|Caused by|Suppressed|goroutine |"
    r"panic: |\*\* |Last message|Node\.js v)"
)
_ERRORS = ("Error", "Exception", "Throwable")
_ERROR = re.compile(r"\n[\w.$]+(?:Error|Exception|Throwable)\b")

_KIND = re.compile(
    r"""(?P<indented>[ \t])
    | (?P<blank>\Z)
    | (?P<closing>[}\])]+[;,]?\Z)
    | (?P<traceback>Traceback\ \(most\ recent\ call\ last\):)
    | (?P<chain>During\ handling\ of|The\ above\ exception|Caused\ by:|Suppressed:)
    | (?P<goroutine>goroutine\ \d+\ )
    | (?P<panic>panic:\ |fatal\ error:\ )
    | (?P<report>=[A-Z ]+\ REPORT===)
    | (?P<beam>\*\*\ |Last\ message|State:\ |Initial\ Call:|Ancestors:|Function:\ |Args:\ )
    | (?P<place>(?:node:|file:///|/)\S*:\d+\Z)
    | (?P<nodejs>Node\.js\ v\d)
    | (?P<error>(?:[\w$]+(?:\.|::))*[\w$]*(?:Error|Exception|Throwable|Interrupt|Exit)(?::|\s|\Z))
    | (?P<frame>created\ by\ |exit\ status\ \d|\[signal\ |\[recovered|[\w./*()\[\]{}$~-]+\(.*\)\Z)
    """,
    re.VERBOSE,
)

_GOES_ON = {
    "blank": {"go": "go", "node": "node", "done": "done"},
    "traceback": {"trouble": "python", "done": "python"},
    "chain": dict.fromkeys(("trouble", "done", "node"), "done"),
    "panic": {"go": "go"},
    "beam": dict.fromkeys(("trouble", "erlang"), "erlang"),
    "nodejs": {"node": "node", "done": "done"},
    "error": {"trouble": "done", "node": "done", "python": "done"},
    "frame": {"go": "go"},
}
"""What a message becomes by a line of a kind, where such a line goes on with it."""

_ALWAYS = {"indented": "", "closing": "", "goroutine": "go"}
"""Kinds that go on with any message; where a word is there, it becomes that."""

_BEGINS = {
    "traceback": "python",
    "panic": "go",
    "goroutine": "go",
    "report": "erlang",
    "beam": "erlang",
    "place": "node",
    "error": "done",
}
_TROUBLE = re.compile(
    r"err|exception|critical|fatal|fail|crash|panic|warn|unhandled|uncaught|terminat|severe",
    re.IGNORECASE,
)
_HEAD = 300


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

    time: int
    texts: list[str]
    last: int
    size: int
    what: str = ""


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
        if not self.rules.first and not _suspect("\n" + "\n".join(texts)):
            held = 1
            joined = Joined(times[:-1], texts[:-1], times[:-1])
        else:
            joined, held = self._join(times, texts)
        self.times, self._texts = times[-held:], texts[-held:]
        return joined

    def flush(self) -> Joined:
        """Return what is held, since no more of it comes."""
        if not self.times:
            return Joined((), (), ())
        joined = Joined((self.times[0],), (_text(self._texts),), self.times)
        self.times, self._texts = [], []
        return joined

    def _join(self, times: Sequence[int], texts: Sequence[str]) -> tuple[Joined, int]:
        """Return the messages but for the last, and how many lines that one has."""
        wait = int(self.rules.wait * _NS)
        found_times: list[int] = []
        found: list[str] = []
        message = self._begin(times[0], texts[0])
        for time, text in zip(times[1:], texts[1:], strict=True):
            if (
                time - message.last <= wait
                and message.size + len(text) < LARGEST
                and len(message.texts) < MOST
                and self._goes_on(message, text)
            ):
                message.texts.append(text)
                message.last, message.size = time, message.size + len(text)
            else:
                found_times.append(message.time)
                found.append(_text(message.texts))
                message = self._begin(time, text)
        held = len(message.texts)
        return Joined(found_times, found, times[: len(times) - held]), held

    def _begin(self, time: int, text: str) -> _Message:
        kind = _KIND.match(text)
        what = _BEGINS.get(kind.lastgroup or "", "") if kind else ""
        return _Message(time, [text], time, len(text), what)

    def _goes_on(self, message: _Message, text: str) -> bool:
        if self.rules.first:
            return not self.rules.first.search(text)
        kind = _KIND.match(text)
        name = (kind.lastgroup or "") if kind else ""
        if name in _ALWAYS:
            message.what = _ALWAYS[name] or message.what
            return True
        if not message.what:
            message.what = "trouble" if _TROUBLE.search(message.texts[0][:_HEAD]) else "plain"
        after = _GOES_ON.get(name, {}).get(message.what)
        if after is None and message.what == "python":
            after = "done"  # the line with the exception, whatever it is called
        message.what = after or message.what
        return after is not None


def _suspect(block: str) -> bool:
    if _SUSPECT.search(block):
        return True
    return any(word in block for word in _ERRORS) and _ERROR.search(block) is not None


def _text(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else "\n".join(texts).rstrip("\n")
