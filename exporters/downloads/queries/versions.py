"""Which versions of PostgreSQL a query is for: postgres_exporter's `runonserver`."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

Version = tuple[int, int, int]

_CONDITION = re.compile(r"\s*([<>]=?|==?|!=?|)\s*(\d{1,6}(?:\.\d{1,6}){0,2})(\.[xX*])?")
_COMPARE: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
    "": operator.eq,
    "!": operator.ne,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. The parts behind a wildcard (`9.6.x`) are not looked at."""

    sign: str
    version: tuple[int, ...]

    def holds(self, server: Version) -> bool:
        """Return whether a server's version fulfils it."""
        return _COMPARE[self.sign](server[: len(self.version)], self.version)


@dataclass(frozen=True, slots=True)
class Range:
    """Alternatives (`||`) of conditions that hold together (a space); none: every version."""

    alternatives: tuple[tuple[Condition, ...], ...] = ()

    def covers(self, server: int) -> bool:
        """Return whether it holds a version as libpq numbers them: 180006, or 90624."""
        version = version_of(server)
        return not self.alternatives or any(
            all(condition.holds(version) for condition in conditions)
            for conditions in self.alternatives
        )


ANY = Range()
"""Every version."""


def version_of(server: int) -> Version:
    """Return major, minor, patch; since 10 there is no patch, and 0 stands in its place."""
    major, rest = divmod(server, 10_000)
    return (major, rest, 0) if major >= 10 else (major, *divmod(rest, 100))


def parse_range(text: str) -> Range | None:
    """Return the range for `>=10.0.0 <14.0.0 || 9.6.x`, or None where the text is none."""
    alternatives = []
    for part in text.split("||"):
        conditions = tuple(map(_condition, _CONDITION.finditer(part)))
        if not conditions or _CONDITION.sub("", part).strip():
            return None
        alternatives.append(conditions)
    return Range(tuple(alternatives))


def _condition(match: re.Match[str]) -> Condition:
    sign, digits, wildcard = match.groups()
    parts = tuple(int(part) for part in digits.split("."))
    return Condition(sign, parts if wildcard else (*parts, 0, 0)[:3])
