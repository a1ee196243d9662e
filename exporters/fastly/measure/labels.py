"""Raw values to label values: each one of a short list, whatever a line says."""

import re
from functools import cache, lru_cache

from exporters.fastly.formats.countries import CONTINENTS, countries

UNSET = ("", "(null)")
"""How a line says that there is nothing to say."""
_REMEMBERED = 4096

_NODE = re.compile(r"cache-([a-z]{3})")
_PLACE = re.compile(r"[A-Z0-9-]{2,8}")
_CACHE = re.compile(r"HITPASS|HIT|MISS|PASS|ERROR|PIPE|SYNTH|NONE|BG-ERROR")
_PROTOCOLS = {
    "HTTP/1.0": "HTTP/1.0",
    "HTTP/1.1": "HTTP/1.1",
    "HTTP/2": "HTTP/2",
    "HTTP/2.0": "HTTP/2",
    "HTTP/3": "HTTP/3",
    "HTTP/3.0": "HTTP/3",
    # What names only the scheme says nothing of the version.
    "HTTP": "",
    "HTTPS": "",
}


@lru_cache(_REMEMBERED)
def pop_of(name: str | None) -> str:
    """Return the place of a POP or of a node: `cache-jfk8141`, `cache-iad-kcgs7200110-IAD`."""
    if name is None:
        return ""
    if node := _NODE.match(name):
        last = name.rpartition("-")[2]
        return last if len(last) == 3 and last.isascii() and last.isupper() else node[1].upper()
    place = name.upper()
    return place if _PLACE.fullmatch(place) else ""


@lru_cache(_REMEMBERED)
def cache_of(state: str | None) -> str:
    """Return what a cache did in one word: HIT-STALE-CLUSTER is a HIT, HIT-SYNTH is SYNTH."""
    if state is None or state in UNSET:
        return ""
    known = _CACHE.match(state.upper().removeprefix("HIT-SYNTH") or "SYNTH")
    return known[0] if known else "OTHER"


@lru_cache(_REMEMBERED)
def protocol_of(name: str | None) -> str:
    """Return the version of HTTP."""
    return "" if name is None or name in UNSET else _PROTOCOLS.get(name.upper(), "other")


@lru_cache(_REMEMBERED)
def error_of(words: str) -> str:
    """Return the CDN's words for an error as one word."""
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:40]


@lru_cache(_REMEMBERED)
def country_of(text: str | None) -> str:
    """Return the ISO code of a country, given its code or its English name; empty if unknown."""
    return _countries().get((text or "").strip().upper(), ("", ""))[0]


@lru_cache(_REMEMBERED)
def continent_of(continent: str | None, country: str | None) -> str:
    """Return a continent's two letters, those of the country's where it is not said."""
    code = (continent or "").upper()
    if code in CONTINENTS:
        return code
    return _countries().get((country or "").strip().upper(), ("", ""))[1]


@cache
def _countries() -> dict[str, tuple[str, str]]:
    return {spelling: (code, continent) for spelling, code, continent in countries()}
