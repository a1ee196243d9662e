"""The rules as written, and the names of metrics that they ask for."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ALERTS = Path(__file__).parents[2] / "alerts"

_WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}
_NO_NAMES = (
    r'"(?:[^"\\]|\\.)*"',  # strings
    r"\{[^}]*\}",  # matchers, empty by now of what was quoted
    r"\[[^\]]*\]",  # windows
    r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)",
    r"\b\d+[smhdwy]\b",
)
_IN_TEMPLATES = re.compile(r'query "([^"]+)"|printf "(podcast:[^"]+)"')


@cache
def read(file: Path) -> Any:
    """Return what is in a file of YAML or JSON."""
    return yaml.load(file.read_text(), yaml.CSafeLoader)


def rules(kind: str) -> list[dict[str, Any]]:
    """Return the rules that are an `alert`, or those that are a `record`."""
    return [
        rule
        for file in sorted((ALERTS / "rules").glob("*.yml"))
        for group in read(file)["groups"]
        for rule in group["rules"]
        if kind in rule
    ]


def names(promql: str) -> set[str]:
    """Return the names of metrics in an expression."""
    for pattern in _NO_NAMES:
        promql = re.sub(pattern, " ", promql)
    found = re.findall(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])", promql)
    return {name for name in found if name.lower() not in _WORDS}


def asked(rule: dict[str, Any]) -> Iterator[str]:
    """Yield the names that a rule asks for, in its expression and in what it says."""
    yield from names(rule["expr"])
    for text in rule.get("annotations", {}).values():
        for plain, formatted in _IN_TEMPLATES.findall(text):
            yield from names((plain or formatted).replace("%q", '""'))
