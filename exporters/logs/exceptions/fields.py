"""Exceptions that JSON and logfmt tell in fields, under the names that loggers give them."""

import json
import re
from collections.abc import Callable, Mapping

from exporters.logs.exceptions import golang
from exporters.logs.exceptions.masking import mask
from exporters.logs.exceptions.model import Frame, Raised, raised, short

_STACKS = (
    *("error.stack_trace", "exception.stacktrace", "error.stack", "err.stack", "exception.stack"),
    *("stack_trace", "stacktrace", "stackTrace", "stack", "traceback", "exc_info", "exc_text"),
    *("exception", "error", "err", "crash_reason"),
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
_NESTED = ("error", "err", "exception", "exc")
_CALLERS = ("caller", "error.file", "source.file")
NAMES = frozenset((*_STACKS, *_TYPES, *_MESSAGES))
"""A line without any of these fields tells no exception in fields."""

_SEVERE = frozenset(("error", "critical"))
_NOTHING = frozenset(("", "null", "nil", "none", "false", "true", "0", "1", "<nil>", "{}", "[]"))
_TYPE = re.compile(r"(?:[A-Za-z_$][\w$]*(?:::|[./]))*[A-Za-z_$][\w$]*\Z")
_TYPICAL = re.compile(r"[A-Z]\w*(?:Error|Exception|Failure|Fault)\Z|\w+(?:\.\w+)+\Z")
_LINE = re.compile(r":\d+(?::\d+)?\Z")
_LARGEST = 65_536


def told(
    fields: Mapping[str, str], level: str, recognise: Callable[[str], Raised | None]
) -> Raised | None:
    """Return the exception that the fields tell; `recognise` reads a stack trace among them.

    A message without a type counts as one of type `error`, where the level says that it is one.
    """
    known = _flat(fields)
    stack = next((known[name] for name in _STACKS if "\n" in known.get(name, "")), "")
    if stack and (found := recognise(stack)):
        return found
    kind = _type(known)
    messages = (_said(known, name) for name in _MESSAGES)
    message = next((text for text in messages if text and text != kind), "")
    if not kind and not (message and level in _SEVERE):
        return None
    return raised(kind or "error", mask(message), golang.frames_of(stack) or _caller(known))


def _flat(fields: Mapping[str, str]) -> Mapping[str, str]:
    """Return the fields, and beside an error that is a table in JSON what it holds: `err.type`."""
    known = dict(fields)
    for name in _NESTED:
        text = fields.get(name, "")
        if text.startswith("{") and len(text) <= _LARGEST:
            known |= {f"{name}.{key}": value for key, value in _table(text).items()}
            known[name] = ""
    return known


def _table(text: str) -> Mapping[str, str]:
    try:
        table = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {key: value for key, value in table.items() if isinstance(value, str)}


def _type(known: Mapping[str, str]) -> str:
    for name in _TYPES:
        text = _said(known, name)
        # Under a name that may be anything, only what looks like a type is one.
        if text and (_TYPICAL if name in _NESTED else _TYPE).match(text):
            return text
    return ""


def _said(known: Mapping[str, str], name: str) -> str:
    text = known.get(name, "").strip()
    return "" if text.lower() in _NOTHING else text


def _caller(known: Mapping[str, str]) -> list[Frame]:
    """Return where the line was written, as Go's loggers tell it: `server/handler.go:42`."""
    caller = next((known[name] for name in _CALLERS if known.get(name)), "")
    return [Frame(short(_LINE.sub("", caller)), own=True)] if caller else []
