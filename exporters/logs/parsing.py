"""What a line says of itself, level, logger, request and trace: JSON, logfmt, common texts. Pure.

Which names occur at all is looked up in many lines at once; then each line is asked only for those.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

UNKNOWN = "unknown"
LEVELS = ("trace", "debug", "info", "warning", "error", "critical", UNKNOWN)

_WORDS = {
    "trace": ("trace", "verbose", "silly", "finest", "finer"),
    "debug": ("debug", "dbg", "fine"),
    "info": ("info", "information", "informational", "notice", "log", "config", "inf", "default"),
    "warning": ("warn", "warning", "wrn"),
    "error": ("error", "err", "severe", "eror"),
    "critical": ("critical", "crit", "fatal", "panic", "alert", "emerg", "emergency", "dpanic"),
}
_LEVELS = {word: level for level, words in _WORDS.items() for word in words}
# Bunyan and pino write numbers, as Python's logging has them.
_LEVELS |= {"5": "trace", "10": "trace", "20": "debug", "30": "info", "40": "warning"}
_LEVELS |= {"50": "error", "60": "critical"}
_LEVELS |= {form(word): level for word, level in _LEVELS.items() for form in (str.upper, str.title)}

_NAMES: Mapping[str, Sequence[str]] = {
    "level": ("level", "severity", "lvl", "levelname", "log.level", "loglevel", "@l"),
    "request_id": ("request_id", "requestId", "req_id", "request-id", "reqId", "requestID"),
    "trace_id": ("trace_id", "traceId", "traceID", "trace", "dd.trace_id"),
    "logger": ("logger", "logger_name", "module", "component", "mfa"),
}
_NESTED = ("log", "metadata", "context", "req", "request", "fields", "extra")
_IN_TEXT = {
    "level": ("level", "severity", "lvl"),
    "request_id": ("request_id", "requestId", "req_id", "request-id"),
    "trace_id": ("trace_id", "traceId", "traceID"),
    "logger": ("logger", "component"),
}
_KEYS = [(found, f"{name}=") for found, names in _IN_TEXT.items() for name in names]

_LONGEST = 200
_HEAD = 120
_BEFORE = frozenset(" \t{[(,;|\"'\n._")
_LIST = "trace|debug|info|notice|warning|warn|error|err|critical|crit|fatal|panic|alert|emerg"
_OPENS = re.compile(
    rf"(?i:({_LIST}|emergency|severe|wrn|dbg)\b ?[:\]|\- ])|([DIWEFA]), \[|([DIWEF])\d{{4}} "
    r"|(Traceback |\*\* \(|[\w.$]*(?:Error|Exception): |=ERROR REPORT|=CRASH REPORT)"
)
_INSIDE = re.compile(
    rf"\[ ?((?:{_LIST}|TRACE|DEBUG|INFO|NOTICE|WARNING|WARN|ERROR|CRITICAL|FATAL)) ?\]"
    r"|\b(TRACE|DEBUG|INFO|NOTICE|WARNING|WARN|ERROR|ERR|CRITICAL|CRIT|FATAL|PANIC|SEVERE|LOG)\b"
)
_LETTERS = {"D": "debug", "I": "info", "W": "warning", "E": "error", "F": "critical", "A": "info"}
_PAIR = re.compile(r'([A-Za-z_][\w.-]*)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')

# The decoder's own inner part: all around it costs as much again.
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # typeshed lacks it

Found = dict[str, str]
"""Of one line: `level`, and what it says of `request_id`, `trace_id`, `logger`."""


class Parsed(Mapping[str, str]):
    """The fields of a line, made when somebody asks: nearly never does anybody."""

    __slots__ = ("_fields", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._fields: dict[str, str] | None = None

    def _made(self) -> dict[str, str]:
        if self._fields is None:
            self._fields = fields(self._text)
        return self._fields

    def __getitem__(self, name: str) -> str:
        return self._made()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made())

    def __len__(self) -> int:
        return len(self._made())


def fields(text: str) -> dict[str, str]:
    """Return what JSON or logfmt in a text says; what is nested has a dot in its name."""
    document = _document(text)
    if document is not None:
        return dict(_flat(document))
    return {name: quoted or plain for name, quoted, plain in _PAIR.findall(text)}


def _flat(document: Mapping[str, Any], path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    for name, value in document.items():
        if isinstance(value, dict) and depth < 4:
            yield from _flat(value, f"{path}{name}.", depth + 1)
        elif value is not None:
            yield path + name, _word(value)


def _word(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, list | dict | bool) else str(value)


def _document(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        found, _ = _scan(text, 0)
    except (StopIteration, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def parse(texts: Sequence[str]) -> list[Found]:
    """Return what each text says of itself."""
    block = "\n".join(texts)
    keys = [(name, key, len(key)) for name, key in _KEYS if key in block]
    return [(text[:1] == "{" and _of_json(text)) or _of_text(text, keys) for text in texts]


def _of_text(text: str, keys: Sequence[tuple[str, str, int]]) -> Found:
    found: Found = {}
    for name, key, length in keys:
        at = text.find(key)
        if at < 0 or name in found or (at and text[at - 1] not in _BEFORE):
            continue
        at += length
        if text[at : at + 1] == '"':
            at += 1
            end = text.find('"', at)
        else:
            end = text.find(" ", at)
        value = text[at:end] if end >= 0 else text[at:]
        if 0 < len(value) <= _LONGEST:
            found[name] = value
    level = _LEVELS.get(found.get("level", ""))
    found["level"] = level or level_of(text)
    return found


def level_of(text: str) -> str:
    """Return the level that a text without names tells: by its first word, or one in capitals."""
    if opens := _OPENS.match(text):
        word, ruby, klog, _ = opens.groups()
        if word:
            return _LEVELS[word.lower()]
        return _LETTERS[ruby or klog] if ruby or klog else "error"
    if inside := _INSIDE.search(text, 0, _HEAD):
        return _LEVELS[(inside[1] or inside[2]).lower()]
    return UNKNOWN


def _of_json(text: str) -> Found | None:
    document = _document(text)
    if document is None:
        return None
    found: Found = {}
    for name, keys in _NAMES.items():
        value = _first(document, keys)
        if value is not None:
            found[name] = str(value)[:_LONGEST]
    level = found.get("level", "")
    found["level"] = _LEVELS.get(level) or _LEVELS.get(level.lower(), UNKNOWN)
    return found


def _first(document: Mapping[str, Any], keys: Sequence[str]) -> str | int | None:
    for key in keys:
        value = document.get(key)
        if value is not None and isinstance(value, str | int):
            return value
    for outer in _NESTED:
        inner = document.get(outer)
        if isinstance(inner, dict):
            for key in keys:
                value = inner.get(key)
                if value is not None and isinstance(value, str | int):
                    return value
    return None
