"""Paths and referrers without what may be a secret or a person: rather too little than too much."""

import re

from exporters.fastly.quarantine import mask

HIDDEN = "…"

_FEEDS = re.compile(r"(/feeds(?:/|%2f)).+", re.IGNORECASE | re.DOTALL)
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#]*@)?([^/?#:\s]{1,253})", re.IGNORECASE)


class Masks:
    """What is taken out of texts, by the pattern that paths of feeds have."""

    def __init__(self, feed_path: str) -> None:
        self._feed = re.compile(feed_path)

    def path(self, path: str, *, public: bool) -> str:
        """Return a path without its query, without addresses, and without the names of feeds.

        What follows `/feeds/` is always hidden (DESIGN 3.7), the name of a feed elsewhere unless it
        is `public`: that of a show.
        """
        path = path.partition("?")[0].partition("#")[0]
        if not public and (found := self._feed.search(path)):
            start, end = found.span("feed")
            path = f"{path[:start]}{HIDDEN}{path[end:]}"
        return mask(_FEEDS.sub(rf"\1{HIDDEN}", path))


def host_of(url: str) -> str:
    """Return the host of an address, in small letters; empty where there is none."""
    found = _ORIGIN.match(url) if url else None
    return mask(found[1].lower()) if found else ""
