"""What can be said of a pattern without running it: what every match holds, how it may hang."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<escape> \\[\s\S])
    | (?P<set> \[\^?\]?(?:\\.|[^\]\\])*\])
    | (?P<comment> \(\?\#[^)]*\))
    | (?P<open> \((?:\?(?:P?<[^>]*>|P=\w+|[aiLmsux-]*:|[aiLmsux]+|[=!>]|<[=!]|\([^)]*\)))?)
    | (?P<close> \))
    | (?P<repeat> (?:[*+?]|\{\d*,?\d*\})[?+]?)
    | (?P<or> \|)
    | (?P<edge> [.^$])
    | (?P<text> [\s\S])
    """,
    re.VERBOSE,
)
_FLAGS = re.compile(r"\(\?[aLmsu]*[ix]")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    depth: int


def literal_of(pattern: str) -> str:
    """Return the longest text that stands in every match, as far as is plain to see; else nothing.

    What groups hold is not looked into, and of alternatives nothing is said.
    """
    if _FLAGS.match(pattern):
        return ""
    runs = [""]
    for token in _tokens(pattern):
        if token.depth:
            runs.append("")
        elif token.kind == "or":
            return ""
        elif literal := _literal(token):
            runs[-1] += literal
        elif token.kind == "repeat":
            # One that may be left out is no part of every match; `+` leaves one of them.
            runs[-1] = runs[-1] if token.text[0] == "+" else runs[-1][:-1]
            runs.append("")
        else:
            runs.append("")
    return max(runs, key=len)


def repeats_repeats(pattern: str) -> bool:
    """Whether a group that repeats without end holds what does so: on some line it never ends."""
    opened: list[bool] = []
    inside = False  # whether the group that was just closed holds an endless repeat
    for token in _tokens(pattern):
        if token.kind == "open":
            opened.append(False)
        elif token.kind == "repeat" and _endless(token.text):
            if inside:
                return True
            opened = [True] * len(opened)
        inside = bool(opened.pop()) if token.kind == "close" and opened else False
    return False


def _tokens(pattern: str) -> Iterator[_Token]:
    depth = 0
    for match in _TOKEN.finditer(pattern):
        kind = match.lastgroup or "text"
        depth += kind == "open"
        yield _Token(kind, match[0], depth)
        depth -= kind == "close"


def _literal(token: _Token) -> str:
    if token.kind == "escape" and not token.text[1].isalnum():
        return token.text[1]
    return token.text if token.kind == "text" else ""


def _endless(repeat: str) -> bool:
    return repeat[0] in "*+" or repeat.rstrip("?+").endswith(",}")
