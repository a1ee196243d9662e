"""What a message holds behind its header: pure.

`classic` is RFC 3164 with a time of RFC 3339, as Fastly writes it, `loggly` and `logplex` are
RFC 5424, `blank` has no header. A token stands before the header, or before the line behind it, or,
as Loggly wants it, in the structured data: `[TOKEN@41058 …]`.
"""

import re

from exporters.fastly.receive.tokens import Tokens

_NEW = re.compile(
    rb"<\d{1,3}>[1-9]\d? (?:\S+ ){5}"  # RFC 5424: time, host, app, process, message id
    rb"(?:(?P<data>-|(?:\[[^\]\\]*+(?:\\.[^\]\\]*+)*+\])+)(?: |\Z))?(?:\xef\xbb\xbf)?",
    re.DOTALL,
)
_OLD = re.compile(
    rb"<\d{1,3}>(?:\d{4}-\d\d-\d\dT\S+|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) \S+ "
    rb"[^:\[\n]{1,256}(?:\[[^\]\n]{0,64}\])?: ?"
)
_PRIORITY = re.compile(rb"<\d{1,3}>")
_LEADING_TOKEN = re.compile(rb"\s*([^\s<]{1,256})\s?(?=<\d{1,3}>)")
_DATA_TOKEN = re.compile(rb"\[([^\s@\]]{1,256})@")
_LINE_TOKEN = re.compile(rb"([^\s]{1,256})(?:\s|\Z)")


def line_of(message: bytes, tokens: Tokens | None = None) -> bytes | None:
    """Return the log line in a message, perhaps empty; None where it lacks a token that is wanted.

    Without `tokens` whatever stands before the header stays.
    """
    if tokens is None:
        return _plain(message[_header(message)[0] :])
    leading = _LEADING_TOKEN.match(message)
    if leading and tokens.match(leading[1]):
        message = message[leading.end() :]
        return _plain(message[_header(message)[0] :])
    end, data = _header(message)
    if any(tokens.match(found) for found in _DATA_TOKEN.findall(data)):
        return _plain(message[end:])
    word = _LINE_TOKEN.match(message, end)
    return _plain(message[word.end() :]) if word and tokens.match(word[1]) else None


def _header(message: bytes) -> tuple[int, bytes]:
    """Return where the header ends, and its structured data."""
    if found := _NEW.match(message):
        return found.end(), found["data"] or b""  # logplex leaves it out
    found = _OLD.match(message) or _PRIORITY.match(message)
    return (found.end() if found else 0), b""


def _plain(line: bytes) -> bytes:
    return line.strip().replace(b"\n", b" ")
