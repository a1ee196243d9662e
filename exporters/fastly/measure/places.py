"""What paths lead to: an episode's audio, or a show's feed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from exporters.fastly.measure.model import Rules

_LONGEST = 200
"""Characters of a name that a label and an index can hold."""


@dataclass(frozen=True, slots=True)
class Place:
    """An episode of a podcast, or where there is none the podcast's feed."""

    podcast: str
    episode: str | None


class Places:
    """Finds places. Patterns are searched for, with named groups."""

    def __init__(self, rules: Rules) -> None:
        self._episode = re.compile(rules.episode_path)
        self._feed = re.compile(rules.feed_path)
        self._podcasts: Mapping[str, str] = rules.feeds
        self.find = lru_cache(65536)(self._find)

    def _find(self, path: str) -> Place | None:
        """Return what a path leads to; names that no label could hold lead nowhere."""
        if found := self._episode.search(path):
            podcast, episode = found["podcast"], found["episode"]
            if podcast and episode:
                return Place(podcast, episode) if _is_name(podcast, episode) else None
        if (found := self._feed.search(path)) and found["feed"]:
            feed = found["feed"]
            return Place(self._podcasts.get(feed, feed), None) if _is_name(feed) else None
        return None


def _is_name(*names: str) -> bool:
    return all(len(name) <= _LONGEST and name.isprintable() for name in names)
