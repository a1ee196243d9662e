"""What a single line says by its looks: to which messages it belongs, which it begins. Pure."""

import re
from collections.abc import Mapping

from exporters.logs.parsing import UNKNOWN, level_of

# One search over many lines: where it finds nothing, each line is a message.
_SUSPECT = re.compile(
    r"\n(?:[ \t\n}\])]|Traceback |During handling|The above exc|Caused by|Suppressed|goroutine |"
    r"panic: |\*\* |=[A-Z]+ REPORT|Last message|Node\.js v)"
)
_ERRORS = ("Error", "Exception", "Throwable")
_ERROR = re.compile(r"\n[\w.$]*(?:Error|Exception|Throwable)\b")

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

GOES_ON: Mapping[str, Mapping[str, str]] = {
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

ALWAYS: Mapping[str, str] = {"indented": "", "closing": "", "goroutine": "go"}
"""Kinds that go on with any message; where a word is there, it becomes that."""

BEGINS: Mapping[str, str] = {
    "traceback": "python",
    "panic": "go",
    "goroutine": "go",
    "report": "report",
    "beam": "erlang",
    "place": "node",
    "error": "done",
}
_TROUBLE = re.compile(
    r"err|exception|critical|fatal|fail|crash|panic|warn|unhandled|uncaught|terminat|severe",
    re.IGNORECASE,
)
_HEAD = 300
_STACKS: Mapping[str, re.Pattern[str]] = {
    "error": re.compile(r"[ \t]+at \S"),
    "chain": re.compile(r"[ \t]+at \S"),
    "beam": re.compile(r"[ \t]+(?:\(\w+ [^)]*\) )?\S+\.(?:exs?|[eh]rl|h?eex):\d+: "),
}
_LOGGED = re.compile(r"[\[(<]?\d{2,4}[-/:.]\d\d|[{\[]\"|[\w.]+=\S")


def may_join(block: str) -> bool:
    """Whether any line of a block, each behind a line feed, could belong to the one above it."""
    if _SUSPECT.search(block):
        return True
    return any(word in block for word in _ERRORS) and _ERROR.search(block) is not None


def kind_of(text: str) -> str:
    """Return the kind of a line, or nothing."""
    kind = _KIND.match(text)
    return (kind.lastgroup or "") if kind else ""


def tells_of_trouble(text: str) -> bool:
    """Whether a first line tells of an error, so that one may follow."""
    return _TROUBLE.search(text[:_HEAD]) is not None


def stack_of(kind: str, text: str) -> re.Pattern[str] | None:
    """Return what the first line of the stack looks like that a line of a kind may head."""
    return None if kind == "beam" and not text.startswith("** (") else _STACKS.get(kind)


def begins_anew(text: str) -> bool:
    """Whether a line is certainly no part of the message of an error."""
    return kind_of(text) in BEGINS or _LOGGED.match(text) is not None or level_of(text) != UNKNOWN
