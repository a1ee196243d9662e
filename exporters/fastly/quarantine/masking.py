"""Lines without the addresses in them: pure, and rather too much than too little."""

import re

LONGEST = 2048
"""Characters of a line that are kept."""

_V4 = re.compile(r"\d{1,3}(?:(?:\.|%2[eE])\d{1,3}){3}")
_V6 = re.compile(r"[0-9A-Fa-f]{0,4}(?:(?::|%3[aA]|\\u003[aA])[0-9A-Fa-f]{0,4}){2,}")
_COLON = re.compile(r"%3[aA]|\\u003[aA]")
_CUT_OFF = re.compile(r"[0-9A-Fa-f:.%u\\]{1,64}\Z")
_SHORTEST_V6 = 4  # colons without `::`: the time of a day has two


def mask(line: str) -> str:
    """Return the beginning of a line with whatever looks like an address of IP made unknown.

    `0.0.0.0` stands for an IPv4 address, `::` for an IPv6 one (or for a MAC address), also where
    they are percent-encoded. A version of four numbers looks like an address, too.
    """
    if len(line) > LONGEST:
        # The cut may go through an address, which then no longer looks like one.
        line = _CUT_OFF.sub("", line[:LONGEST]) + "…"
    line = _V4.sub("0.0.0.0", line)  # noqa: S104 - no address to bind
    # To look for colons is quicker than to look for addresses.
    return _V6.sub(_without_v6, line) if ":" in line or _COLON.search(line) else line


def _without_v6(match: re.Match[str]) -> str:
    text = _COLON.sub(":", match[0])
    return "::" if "::" in text or text.count(":") >= _SHORTEST_V6 else match[0]
