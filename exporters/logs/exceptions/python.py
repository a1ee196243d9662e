"""Python's tracebacks, of chains and groups the exception that came out at the end."""

import re

from exporters.logs.exceptions.masking import mask
from exporters.logs.exceptions.model import Frame, Raised, raised, short

SIGN = "Traceback (most recent call last):"

_GROUP = "Exception Group " + SIGN
_INSIDE = re.compile(r"^[ \t]*\+-\+-", re.MULTILINE)
_FRAME = re.compile(r'\s*File "([^"]+)", line \d+(?:, in (.+))?')
_LAST = re.compile(r"((?:[^\W\d]\w*|<locals>)(?:\.(?:[^\W\d]\w*|<locals>))*)(?::\s*(.*))?\Z")
_LIBRARY = re.compile(r"(?:site|dist)-packages/|/lib(?:64)?/python\d|^<")


def read_python(text: str) -> Raised | None:
    """Return the last exception of the text; None where there is none, or where it was cut off."""
    lines = _traceback(text)
    frames: list[Frame] = []
    for line in lines:
        if frame := _FRAME.match(line):
            frames.append(_frame(frame[1], frame[2] or ""))
        elif line and not line[0].isspace():
            last = _LAST.match(line)
            return raised(last[1], mask(last[2] or ""), frames[::-1]) if last else None
    return None


def _traceback(text: str) -> list[str]:
    """Return the lines behind the heading, without what stands before each of them."""
    start = text.find(_GROUP)
    if start >= 0:
        inside = _INSIDE.search(text, start)
        lines = text[start : inside.start() if inside else None].split("\n")[1:]
        return [re.sub(r"^\s*[|+] ?", "", line) for line in lines]
    start = text.rfind(SIGN)
    if start < 0:
        return []
    before = text[text.rfind("\n", 0, start) + 1 : start]
    indent = before if before.isspace() else ""
    return [line.removeprefix(indent) for line in text[start:].split("\n")[1:]]


def _frame(path: str, function: str) -> Frame:
    return Frame(f"{short(path)} in {function}".removesuffix(" in "), not _LIBRARY.search(path))
