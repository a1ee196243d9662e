"""A user's own copy of the OPAWG user-agent lists, version 2, in place of our table."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from exporters.core.errors import StartError
from exporters.fastly.agents import Agent
from exporters.fastly.apps.classify import UNKNOWN, AppClassifier, Rule, first

LISTS = ("bots", "apps", "libraries", "browsers")
"""The files of the list, in the order in which the first match is the answer."""


def opawg_classifier(folder: Path) -> AppClassifier:
    """Return the classifier over the four files in `folder`.

    Bots, and libraries of the category bot, are no listeners; neither is an empty agent. Raises
    StartError, one line, where a file cannot be read or is not such a list.
    """
    rules = tuple(rule for name in LISTS for rule in _rules(folder / f"{name}.json", name))

    def answer(text: str) -> Agent:
        if not text.strip():
            return Agent(UNKNOWN, "bot")
        return first(rules, text) or Agent(UNKNOWN)

    return AppClassifier(answer)


def _rules(file: Path, name: str) -> Iterator[Rule]:
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))["entries"]
        for entry in entries:
            yield Rule(re.compile(entry["pattern"]), _agent(entry, name))
    except OSError as error:
        raise StartError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, re.error, RecursionError) as error:
        raise StartError(f"{file}: is no list of OPAWG's user-agents-v2") from error


def _agent(entry: dict[str, Any], name: str) -> Agent:
    bot = name == "bots" or entry.get("category") == "bot"
    return Agent(str(entry["name"]), "bot" if bot else "listener")
