"""Slack's mark-up, as far as we use it: escaped data, links, quoted output. Pure text."""

import re
from urllib.parse import quote, urlsplit

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SAFE = "/:?#[]@!$&'()*+,;=%-._~"
"""What may stand in an address as it is; `|`, `<`, `>` and space end a link for Slack."""


def escape(text: str) -> str:
    """Return data as it may stand in a message: it cannot mention, link or break out.

    Slack wants these three characters replaced and no other.
    """
    return _CONTROL.sub("", text).translate(_ESCAPES)


def link(url: str, text: str) -> str:
    """Return `text` linked to `url`, or the text alone where that is no web address."""
    address = _CONTROL.sub("", url).strip()
    try:
        parts = urlsplit(address)
        web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        web = False
    if not web:
        return escape(text)
    # A second `|` in the text would be shown, a `>` is escaped: both harmless.
    return f"<{escape(quote(address, safe=_SAFE))}|{escape(text)}>"


def bold(text: str) -> str:
    """Return escaped data in bold; its own asterisks would end it."""
    return f"*{escape(text.replace('*', ' ')).strip()}*" if text.strip(" *") else ""


def code(text: str) -> str:
    """Return a short piece of output as it is, on one line."""
    plain = " ".join(text.replace("`", "'").split())
    return f"`{escape(plain)}`" if plain else ""


def shorten(text: str, limit: int) -> str:
    """Return text of at most `limit` characters, with `…` where its end is gone."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
