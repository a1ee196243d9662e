"""Takes out of a message what varies: what is left is the same for the same mistake.

What is taken out may also be somebody's: names in quotes, addresses, tokens, paths with a secret in
them. So the rule is to take out rather too much.
"""

import re

_PLAIN = re.compile(r"[^\W\d_]*/?\Z")  # the slash: an arity, as in send/2

# In the order of precedence: whatever matches first at a place is what the place is.
_VARIES = re.compile(
    r"""
      (?P<text> "(?:[^"\\]|\\.)*(?:"|\\?$) | (?<!\w)'(?:[^'\\]|\\.)*(?:'(?!\w)|\\?$) | «[^»]*»? )
    | (?P<url> \b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s,;"')>\]}]+ )
    | (?P<email> [\w.+%-]{1,64}@[\w.-]{1,255} )
    | (?P<id> \#[A-Z][\w.]*<[^>]*>? | <\d+\.\d+\.\d+>
        | \b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b )
    | (?P<time> \b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?
        | (?<![\w:])\d{1,2}:\d\d:\d\d(?:[.,]\d+)?(?![\w:]) )
    | (?P<address> \b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b
        | \[?(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F.]{0,15}(?![\w:.])(?:\]:\d+)? )
    | (?P<path> (?<![\w<>.)\]])~?(?:/[^\s/,;:"'()<>\[\]{}]+)+/?
        | \bfeeds?/[^\s,;:"'()<>\[\]{}]+ )
    | (?P<hex> \b0[xX][0-9a-fA-F]+\b )
    | (?P<word> (?<![\w<])[\w$+/=-]*\d[\w$+/=-]*(?:\.\d[\w-]*)* )
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(r"[-+]?\d[\d_,]*(?:\.\d+)*(?:[eE][-+]?\d+)?")
_OPENING = "{["
_BRACKETS = re.compile(r"[{\[}\]]")
_INDEX = re.compile(r"\[(?:[A-Za-z]{1,20} )?<n>\]\Z")  # Python's [Errno 2], Go's range [5]
_LONGEST = 1_000


def mask(message: str) -> str:
    """Return the first line of a message with `<n>`, `<text>`, `<id>` … where a value stood.

    Values are numbers, quoted text, identifiers with digits, uuids, hex, addresses of machines and
    people, URLs, paths, times and printed data (in braces or brackets).
    """
    line = message.strip().partition("\n")[0][:_LONGEST]
    return " ".join(_without_data(_VARIES.sub(_sign, line)).split())


def _sign(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind == "hex":
        return "<n>"
    return _word(match[0]) if kind == "word" else f"<{kind}>"


def _word(word: str) -> str:
    """Return what stands for a word with a digit in it: `user42` has a number, `a1b2` is one id."""
    stem = word.rstrip("0123456789")
    if _NUMBER.fullmatch(word):
        return "<n>"
    if stem != word and _PLAIN.match(stem):
        return f"{stem}<n>"
    head = re.match(r"(\d+)([^\W\d_]{1,3}|%)\Z", word)  # a unit: 30s, 5ms, 64MiB
    return f"<n>{head[2]}" if head else "<id>"


def _without_data(line: str) -> str:
    """Return the line with `<data>` for each outermost pair of braces or brackets."""
    parts: list[str] = []
    depth = start = opened = 0
    for match in _BRACKETS.finditer(line):
        if match[0] in _OPENING:
            if not depth:
                opened = match.start()
                parts.append(line[start:opened].removesuffix("%"))
            depth += 1
        elif depth:
            depth -= 1
            if not depth:
                inside = line[opened : match.end()]
                parts.append(inside if _INDEX.match(inside) else "<data>")
                start = match.end()
    return "".join((*parts, "<data>" if depth else line[start:]))
