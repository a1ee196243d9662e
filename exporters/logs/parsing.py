"""What a line says of itself, level, logger, request and trace: JSON, logfmt, common texts. Pure.

Many lines are looked at as one text: mostly each of them has a name once, or none has it.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, cast

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


class _Key:
    """A name that lines give a value, in logfmt, JSON or just so: `name=x`, `"name": "x"`."""

    def __init__(self, stem: str, rest: str) -> None:
        self.stem = stem
        # It begins with letters as they are, since those are found fast.
        pattern = rf"""{stem}{rest}["']?[=:] ?["']?([^\s"',}}\]]{{0,200}})"""
        self.search = re.compile(pattern).search
        self.one_a_line = re.compile(rf"{pattern}[^\n]*\n").findall


_ID = "[_-]?[iI][dD]"
_KEYS = {
    "level": (_Key("level", "(?:name)?"), _Key("everity", ""), _Key("lvl", "")),
    "request_id": (_Key("req", f"(?:uest)?{_ID}"),),
    "trace_id": (_Key("trace", _ID),),
    "logger": (_Key("logger", "(?:_?[nN]ame)?"),),
}

_HEAD = 120
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

Said = dict[str, Sequence[str]]
"""By name what each line says, empty where it says nothing; `level` is always there."""


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


def parse(texts: Sequence[str]) -> Said:
    """Return what texts say of themselves."""
    block = "\n".join(texts) + "\n"
    single = block.count("\n") == len(texts)
    columns: Said = {}
    for name, keys in _KEYS.items():
        for key in keys:
            if name in columns and "" not in columns[name]:
                break
            if key.stem in block and (column := _column(key, texts, block if single else "")):
                columns[name] = _merged(columns.get(name), column)
    levels = [*map(_LEVELS.get, columns.get("level", repeat("", len(texts))))]
    if None in levels:
        levels = [level or level_of(text) for level, text in zip(levels, texts, strict=True)]
    return columns | {"level": cast("list[str]", levels)}


def _column(key: _Key, texts: Sequence[str], block: str) -> Sequence[str]:
    """Return the value of a key in each text; nothing where none has it."""
    if block and len(column := key.one_a_line(block)) == len(texts):
        return column
    column = [match[1] if (match := key.search(text)) else "" for text in texts]
    return column if any(column) else ()


def _merged(one: Sequence[str] | None, other: Sequence[str]) -> Sequence[str]:
    return [a or b for a, b in zip(one, other, strict=True)] if one else other


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
