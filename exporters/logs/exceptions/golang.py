"""Go's panics and fatal errors, and the bare stack traces that its loggers write."""

import re

from exporters.logs.exceptions.masking import mask
from exporters.logs.exceptions.model import Frame, Raised, raised, short

SIGNS = ("panic: ", "fatal error: ", "http: panic serving ")

_HEAD = re.compile(
    r"^(?:.*?\bhttp: panic serving \S{1,60}:\d+|(?:.*\s)?(?P<kind>panic|fatal error)): "
    r"(?P<message>.*)",
    re.MULTILINE,
)
_GOROUTINE = re.compile(r"^goroutine \d+ \[", re.MULTILINE)
_AGAIN = re.compile(r"(?: \[recovered[^\]]*\])+$")
_FRAME = re.compile(
    r"^([^\s()]\S{0,300}?)(?:\((?!\*)[^\n]*\))?\n[ \t]+(\S+?\.(?:go|s)):\d+", re.MULTILINE
)
_LIBRARY_FILE = re.compile(r"/pkg/mod/|/vendor/|/go/src/(?!github|gitlab)|@v\d|^_cgo")
_LIBRARY_CALL = re.compile(
    r"(?:bufio|bytes|cmp|context|crypto|database|encoding|errors|fmt|html|internal|io|iter|log|maps"
    r"|math|mime|net|os|panic|path|reflect|regexp|runtime|slices|sort|strconv|strings|sync|syscall"
    r"|testing|text|time|unicode)[./(]|panic$"
)


def read_go(text: str) -> Raised | None:
    """Return the panic of the text: where goroutines follow, or where it begins the text."""
    head = _HEAD.search(text)
    if head is None or not (head.start() == 0 or _GOROUTINE.search(text, head.end())):
        return None
    message = _AGAIN.sub("", head["message"])
    kind = head["kind"] or "panic"
    if message.startswith("runtime error: "):
        kind, message = "runtime.Error", message.removeprefix("runtime error: ")
    return raised(kind, mask(message), frames_of(text[head.end() :]))


def frames_of(stack: str) -> list[Frame]:
    """Return the frames of a stack trace, innermost first; none where it is no trace of Go's."""
    return [_frame(match[1], match[2]) for match in _FRAME.finditer(stack)]


def _frame(call: str, file: str) -> Frame:
    library = _LIBRARY_FILE.search(file) or _LIBRARY_CALL.match(call)
    return Frame(f"{short(file)} in {call.rpartition('/')[2]}", not library)
