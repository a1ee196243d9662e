"""Errors of Node with their stacks, as V8 writes them."""

import re

from exporters.logs.exceptions.masking import mask
from exporters.logs.exceptions.model import Frame, Raised, raised, short

_AT = re.compile(
    r"^[ \t]+at (?:async )?(?:(?P<call>[^\n()]+?) \()?(?P<file>[^\s()]+?):\d+:\d+\)?",
    re.MULTILINE,
)
_ERROR = re.compile(
    r"(?:^|\s)((?:[A-Za-z_$][\w$]*\.)*[A-Za-z_$]*(?:[Ee]rror|Exception|Rejection))"
    r"(?: \[[\w-]+\])?(?::\s*(.*)|$)"
)
_NAMED = re.compile(r"^(?:Uncaught )?([A-Z][\w$]*)(?: \[[\w-]+\])?: (.*)")
_LIBRARY = re.compile(r"(?:^|/)node_modules/|^node:|^internal/|^<|^webpack")
_ALIAS = re.compile(r" \[as [^\]]*\]")
_HEADING_LINES = 12


def read_node(text: str) -> Raised | None:
    """Return the error above the first stack of the text, or None where there is no such stack."""
    first = _AT.search(text)
    if first is None:
        return None
    heading = [line for line in text[: first.start()].split("\n") if line.strip()]
    for pattern in (_ERROR, _NAMED):
        for line in reversed(heading[-_HEADING_LINES:]):
            if head := pattern.search(line):
                return raised(head[1], mask(head[2] or ""), _frames(text, first.start()))
    return None


def _frames(text: str, start: int) -> list[Frame]:
    return [_frame(match) for match in _AT.finditer(text, start)]


def _frame(match: re.Match[str]) -> Frame:
    file = match["file"].removeprefix("file://")
    call = _ALIAS.sub("", match["call"] or "")
    place = f"{short(file)} in {call}" if call else short(file)
    return Frame(place, not _LIBRARY.search(file))
