"""What each listener got, as text for COPY: TOUCHED_COLUMNS of the ledger."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any

from exporters.fastly.agents import Agent
from exporters.fastly.measure.labels import country_of
from exporters.fastly.measure.names import name_of
from exporters.fastly.measure.workspace import Workspace, statement
from exporters.ledger.model import Day, Known

_BLOCK = 5000
"""Lines of a block."""
_NULL = r"\N"
_NOT_IN_A_FIELD = {ord("\\"): "/", **dict.fromkeys(range(0x20), " ")}
_HOUR = len("2026-10-09 12")
_Key = tuple[str, int, str, int]
"""Day, episode, client, number of the agent."""


def touched(
    workspace: Workspace,
    texts: Sequence[str],
    agents: Sequence[Agent],
    known: Known,
    needed: Mapping[int, int],
) -> list[str]:
    """Return blocks of lines, in the order in which the ledger takes its locks."""
    rolling = any(day.window != "calendar" for day in known.days.values())
    rows = workspace.rows(statement("touched"), {"rolling": rolling})
    hours = _hours(workspace, rows)
    sizes = {episode.id: episode.audio_bytes or _NULL for episode in known.episodes}
    apps = [_field(agent.app) for agent in agents]
    namers = {day.isoformat(): _Namer(known.days, day, texts) for day in known.days}
    lines = []
    for day, episode, client, agent, first_at, last_at, requests, live, *rest in rows:
        loose, ranges, country, touches = rest
        listener, yesterday = namers[day].name(client, agent)
        by_hour = hours.get((day, episode, client, agent), _NULL)
        line = (
            f"{day}\t{episode}\t{listener}\t{yesterday}\t{first_at}\t{last_at}\t{requests}\t{live}\t"
            f"{loose or 0}\t{{{ranges or ''}}}\t{country_of(country)}\t{apps[agent]}\t"
            f"{sizes[episode]}\t{needed[episode]}\t{by_hour}\t"
            f"{_NULL if touches is None else f'{{{touches}}}'}\n"
        )
        lines.append((day, episode, listener, line))
    lines.sort()
    texts_of_lines = (line for *_, line in lines)
    return ["".join(block) for block in iter(lambda: list(islice(texts_of_lines, _BLOCK)), [])]


class _Namer:
    """Names the listeners of a day, and where its window rolls, as the day before names them."""

    def __init__(self, days: Mapping[date, Day], day: date, texts: Sequence[str]) -> None:
        before = days.get(day - timedelta(days=1))
        self._key = days[day].key
        self._before = before.key if before and days[day].window != "calendar" else None
        self._texts = texts

    def name(self, client: str, agent: int) -> tuple[int, int | str]:
        text = self._texts[agent]
        listener = name_of(self._key, client, text)
        return listener, _NULL if self._before is None else name_of(self._before, client, text)


def _hours(workspace: Workspace, rows: Sequence[Any]) -> dict[_Key, str]:
    """Return requests at each hour of the day, of those whose requests are in several hours."""
    spread = [row[:4] for row in rows if row[4][:_HOUR] != row[5][:_HOUR]]
    if not spread:
        return {}
    columns = {"day": "VARCHAR", "episode": "INTEGER", "client": "VARCHAR", "agent": "INTEGER"}
    workspace.table("spread", columns, spread)
    hours: dict[_Key, list[int]] = {key: [0] * 24 for key in spread}
    for day, episode, client, agent, hour, requests in workspace.rows(statement("by_hour")):
        hours[day, episode, client, agent][hour] = requests
    return {key: f"{{{','.join(map(str, counts))}}}" for key, counts in hours.items()}


def _field(text: str) -> str:
    """Return a text as a field of COPY."""
    return text.translate(_NOT_IN_A_FIELD)
