"""Secrets and personal data out of log lines, before anything leaves. Pure.

Each rule has a word that a line needs to have for it to apply, and that is looked for in many lines
at once: a rule that is not needed costs next to nothing.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from exporters.logs.settings import Masked

MASK = "***"


@dataclass(frozen=True, slots=True)
class Rule:
    """What is masked where `needle` is found."""

    needle: re.Pattern[str] | None
    """None: every line is looked at."""
    mask: Callable[[str], str]


def _rule(needle: str, pattern: str, replacement: str | Callable[[re.Match[str]], str]) -> Rule:
    found = re.compile(pattern)

    def mask(text: str) -> str:
        return found.sub(replacement, text)

    return Rule(re.compile(needle), mask)


def _v4(match: re.Match[str]) -> str:
    try:
        return "[ip]" if IPv4Address(match[0]).is_global else match[0]
    except AddressValueError:
        return match[0]


def _v6(match: re.Match[str]) -> str:
    try:
        return "[ip]" if IPv6Address(match[0]).is_global else match[0]
    except AddressValueError:
        return match[0]


_VALUE = r"""["']?\s*(?:=>|[:=])\s*["']?"""
"""Between a name and what it stands for, in JSON, logfmt, headers and Ruby or Elixir maps."""

_RULES: Mapping[Masked, Sequence[Rule]] = {
    "tokens": (
        _rule("earer|EARER", r"(?i)\b(bearer[\s:]+)[\w.~+/=-]{8,}", rf"\1{MASK}"),
        _rule(
            "uthorization|UTHORIZATION",
            rf"""(?i)(authorization{_VALUE}(?:(?:basic|digest|token|bearer)\s+)?)[^\s"',;]+""",
            rf"\1{MASK}",
        ),
    ),
    "passwords": (
        _rule("://", r"(://[^\s/:@\"'<>]*:)[^\s/@\"'<>]+@", rf"\1{MASK}@"),
        _rule(
            "assw|ASSW|ecret|ECRET|pi_?[kK]ey|PI_?KEY|_token|_TOKEN",
            r"""(?i)((?:passw(?:or)?d|secret|api_?key|(?:access|refresh|auth)_token)"""
            rf"""{_VALUE})[^\s"',;&}}]+""",
            rf"\1{MASK}",
        ),
    ),
    "cookies": (_rule("ookie|OOKIE", rf"""(?i)(cookie{_VALUE})[^"'\n]+""", rf"\1{MASK}"),),
    "emails": (
        _rule(
            "@",
            r"(?<![\w.%+-])[\w.%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+",
            "[email]",
        ),
    ),
    "addresses": (
        _rule(
            r"\.\d{1,3}\.\d{1,3}\.\d",
            r"(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w]|\.\d)",
            _v4,
        ),
        _rule(
            r":[0-9A-Fa-f]{0,4}:",
            r"(?<![\w:.])(?=[0-9A-Fa-f]*:[0-9A-Fa-f]*:)[0-9A-Fa-f:]{3,39}(?![\w:])",
            _v6,
        ),
    ),
}


class Redactor:
    """Masks what the settings name."""

    def __init__(self, kinds: Iterable[Masked], patterns: Iterable[str] = ()) -> None:
        self._rules = [rule for kind in kinds for rule in _RULES[kind]]
        self._rules += (_own(re.compile(pattern)) for pattern in patterns)

    def redact(self, texts: Sequence[str]) -> Sequence[str]:
        """Return the texts with what is secret in them masked; themselves, where nothing is."""
        if not self._rules or not texts:
            return texts
        block = "\n".join(texts)
        for rule in self._rules:
            if not rule.needle:
                texts = [*map(rule.mask, texts)]
            elif (search := rule.needle.search)(block):
                mask = rule.mask
                texts = [mask(text) if search(text) else text for text in texts]
        return texts


def _own(pattern: re.Pattern[str]) -> Rule:
    return Rule(None, lambda text: pattern.sub(MASK, text))
