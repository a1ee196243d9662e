"""Exceptions that JSON and logfmt tell in fields, under the names that loggers give them."""

import re
from collections.abc import Callable, Mapping

from exporters.logs.exceptions import golang
from exporters.logs.exceptions.masking import mask
from exporters.logs.exceptions.model import Frame, Raised, raised, short

_STACKS = (
    *("error.stack_trace", "exception.stacktrace", "error.stack", "err.stack", "exception.stack"),
    *("stack_trace", "stacktrace", "stackTrace", "stack", "traceback", "exc_info", "exc_text"),
    *("exception", "error", "err"),
)
_TYPES = (
    *("error.type", "exception.type", "err.type", "error.name", "err.name", "error.kind"),
    *("exception.class", "error.class", "exc_type", "error_type", "error_class", "exception_class"),
    *("errorType", "exceptionClass", "exception", "error", "err"),
)
_MESSAGES = (
    *("error.message", "exception.message", "err.message", "error.reason", "error_message"),
    *("errorMessage", "exc_value", "exception_message", "error", "err", "exception"),
)
_ANYTHING = ("error", "err", "exception")
_CALLERS = ("caller", "error.file", "source.file")
_NAMED = re.compile(r"(?:err|exc|stack|trace)[\w.]*\"?\s*[:=]")

_SEVERE = frozenset(("error", "critical"))
_NOTHING = frozenset(("", "null", "nil", "none", "false", "true", "0", "1", "<nil>", "{}", "[]"))
_TYPE = re.compile(r"(?:[A-Za-z_$][\w$]*(?:::|[./]))*[A-Za-z_$][\w$]*\Z")
_TYPICAL = re.compile(r"[A-Z]\w*(?:Error|Exception|Failure|Fault)\Z|(?:[A-Za-z]\w*\.)+[A-Z]\w+\Z")
_LINE = re.compile(r":\d+(?::\d+)?\Z")


def may_tell(text: str) -> bool:
    """Whether a text has a field of such a name; quick, since fields are costly to make."""
    if "=" not in text and text[:1] != "{":
        return False
    hinted = "rr" in text or "xc" in text or "race" in text
    return hinted and _NAMED.search(text) is not None


def told(
    fields: Mapping[str, str], level: str, recognise: Callable[[str], Raised | None]
) -> Raised | None:
    """Return the exception that the fields tell; `recognise` reads a stack trace among them.

    A message without a type counts as one of type `error`, where the level says that it is one.
    """
    stacks = (_lines(fields.get(name, "")) for name in _STACKS)
    stack = next((text for text in stacks if "\n" in text), "")
    if stack and (found := recognise(stack)):
        return found
    kind = _type(fields)
    messages = (_said(fields, name) for name in _MESSAGES)
    message = next((text for text in messages if text and text != kind), "")
    if not kind and not (message and level in _SEVERE):
        return None
    return raised(kind or "error", mask(message), golang.frames_of(stack) or _caller(fields))


def _lines(text: str) -> str:
    """Return a text of logfmt, which is quoted as it was written, with its lines as lines."""
    return text.replace(r"\n", "\n").replace(r"\t", "\t") if r"\n" in text else text


def _type(fields: Mapping[str, str]) -> str:
    for name in _TYPES:
        text = _said(fields, name)
        # Under a name that may be anything, only what looks like a type is one.
        if text and (_TYPICAL if name in _ANYTHING else _TYPE).match(text):
            return text
    return ""


def _said(fields: Mapping[str, str], name: str) -> str:
    text = fields.get(name, "").strip()
    return "" if text.lower() in _NOTHING else text


def _caller(fields: Mapping[str, str]) -> list[Frame]:
    """Return where the line was written, as Go's loggers tell it: `server/handler.go:42`."""
    caller = next((fields[name] for name in _CALLERS if fields.get(name)), "")
    return [Frame(short(_LINE.sub("", caller)), own=True)] if caller else []
