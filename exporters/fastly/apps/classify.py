"""Classifies user agents by ordered lists of patterns, and remembers what it found."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from crawleruseragents import is_crawler

from exporters.fastly.agents import Agent, AgentKind

UNKNOWN = "unknown"
"""The app of an agent that no pattern fits."""

REMEMBERED = 50_000
"""Agents whose answer is kept: five times those of a month of a large platform."""

_LONGEST = 1024
"""Characters of an agent that are looked at: patterns are ours, agents are anybody's."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An agent that the pattern is found in is this app."""

    pattern: re.Pattern[str]
    agent: Agent


def is_watch(text: str) -> bool:
    """Tell an Apple Watch that fetches again what its telephone has (PTMG 5.5.2, step 1.2 (7))."""
    return (text.startswith("atc/") and "watchOS" in text) or "(null)/(null) watchOS" in text


class AppClassifier:
    """A `Classifier` over a function that answers for one agent."""

    def __init__(self, answer: Callable[[str], Agent]) -> None:
        self._answer = answer
        self._remembered = lru_cache(REMEMBERED)(self._classify)

    def __call__(self, agents: Sequence[str], /) -> Sequence[Agent]:
        """Return one Agent for each user agent, in their order."""
        return [self._remembered(agent[:_LONGEST]) for agent in agents]

    def _classify(self, text: str) -> Agent:
        clean = text.replace("\r", "").replace("\n", "")
        found = self._answer(clean)
        return Agent(found.app, "watch") if is_watch(clean) else found


def first(rules: Iterable[Rule], text: str) -> Agent | None:
    """Return the agent of the first rule whose pattern is found in `text`."""
    return next((rule.agent for rule in rules if rule.pattern.search(text)), None)


def own_classifier() -> AppClassifier:
    """Return the classifier over our own table.

    The crawlers of the package crawler-user-agents are asked only for what the table does not
    name, since their patterns also fit Overcast's player, WhatsApp and curl. An empty agent is a
    bot, as OP3 and oDL have it; any other that nobody knows may be a listener.
    """
    known, general = _table("known.tsv"), _table("general.tsv")

    def answer(text: str) -> Agent:
        if not text.strip():
            return Agent(UNKNOWN, "bot")
        if found := first(known, text):
            return found
        if is_crawler(text):
            return Agent("crawler", "bot")
        return first(general, text) or Agent(UNKNOWN)

    return AppClassifier(answer)


def _table(name: str) -> tuple[Rule, ...]:
    text = files("exporters.fastly.apps").joinpath(name).read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(Rule(re.compile(pattern), Agent(app, _kind(kind))) for app, kind, pattern in rows)


def _kind(word: str) -> AgentKind:
    if word not in ("listener", "bot"):
        raise ValueError(f"not a kind of agent: {word}")
    return "bot" if word == "bot" else "listener"
