"""Renders a log format as the CDN does: the few words of VCL that ours is written in."""

import re
from collections.abc import Iterator, Mapping

_PLACE = re.compile(r"%\{((?:\\.|[^}\\])*)\}V")
_TOKEN = re.compile(
    r'\{"(?P<long>.*?)"\}|"(?P<short>[^"]*)"|(?P<word>[A-Za-z_][\w.-]*)|(?P<sign>[(),])|\s+'
)
_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
}


def render(form: str, variables: Mapping[str, str | bool]) -> bytes:
    """Return the line for a request whose variables are these.

    A variable that is not among them is not set. Bytes that are no UTF-8 are surrogates, and come
    out as they went in, which is the worst that may be.
    """
    text = _PLACE.sub(lambda m: _value(re.sub(r"\\(.)", r"\1", m[1]), variables), form)
    return text.encode("utf-8", "surrogateescape")


def _value(expression: str, variables: Mapping[str, str | bool]) -> str:
    tokens = [m for m in _TOKEN.finditer(expression) if m[0].strip()]
    assert "".join(m[0] for m in _TOKEN.finditer(expression)) == expression, expression
    rest = iter(tokens)
    value = _expression(next(rest), rest, variables)
    assert next(rest, None) is None, expression
    return str(value)


def _expression(
    first: re.Match[str], rest: Iterator[re.Match[str]], variables: Mapping[str, str | bool]
) -> str | bool:
    if first["word"] is None:
        return first["long"] if first["long"] is not None else first["short"]
    word = first["word"]
    if word not in {"if", "json.escape", "strftime"}:
        return variables.get(word, "(null)")
    assert next(rest)["sign"] == "("
    arguments = []
    while True:
        arguments.append(_expression(next(rest), rest, variables))
        if next(rest)["sign"] == ")":
            return _call(word, arguments)


def _call(word: str, arguments: list[str | bool]) -> str | bool:
    if word == "json.escape":
        (text,) = arguments
        return "".join(map(_escaped, str(text)))
    if word == "strftime":
        form, moment = arguments
        assert form == "%Y-%m-%dT%H:%M:%S"
        return moment
    condition, yes, no = arguments
    return yes if condition and condition != "(null)" else no


def _escaped(character: str) -> str:
    """As Fastly's reference describes json.escape."""
    point = ord(character)
    if character in _ESCAPES:
        return _ESCAPES[character]
    if point <= 0x1F or point in {0x7F, 0x2028, 0x2029}:
        return f"\\u{point:04X}"
    if point > 0xFFFF:
        high, low = divmod(point - 0x10000, 0x400)
        return f"\\u{0xD800 + high:04X}\\u{0xDC00 + low:04X}"
    return character
