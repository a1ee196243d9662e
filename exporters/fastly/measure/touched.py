"""What each listener got, as text for COPY: TOUCHED_COLUMNS of the ledger."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from exporters.fastly.agents import Agent
from exporters.fastly.measure.labels import country_of
from exporters.fastly.measure.names import namer
from exporters.fastly.measure.workspace import Workspace, statement
from exporters.ledger.model import Day, Known

_BLOCK = 5000
"""Lines of a block."""
_IN_AN_HOUR = 5
"""Column of touched.sql."""
_NULL = r"\N"
_NOT_IN_A_FIELD = {ord("\\"): "/", **dict.fromkeys(range(0x20), " ")}
_Key = tuple[str, int, str, int]
"""Day, episode, client, number of the agent."""


def touched(
    workspace: Workspace,
    texts: Sequence[str],
    agents: Sequence[Agent],
    known: Known,
    needed: Mapping[int, int],
) -> list[str]:
    """Return blocks of lines."""
    writer = _Writer(texts, agents, known, needed)
    rolling = any(day.window != "calendar" for day in known.days.values())
    lines: list[str] = []
    spread: list[Any] = []
    # One by one: as a list the rows of 150,000 listeners would take a third of all the memory.
    for row in workspace.each(statement("touched"), {"rolling": rolling}):
        if row[_IN_AN_HOUR]:
            lines.append(writer.line(row, _NULL))
        else:
            spread.append(row)
    hours = _hours(workspace, spread)
    lines += [writer.line(row, hours[row[:4]]) for row in spread]
    return ["".join(lines[at : at + _BLOCK]) for at in range(0, len(lines), _BLOCK)]


class _Writer:
    """Writes a row of touched.sql as a line of COPY."""

    def __init__(
        self,
        texts: Sequence[str],
        agents: Sequence[Agent],
        known: Known,
        needed: Mapping[int, int],
    ) -> None:
        self._episodes = {
            episode.id: f"{episode.id}\t{episode.audio_bytes or _NULL}\t{needed[episode.id]}"
            for episode in known.episodes
        }
        fields = {app: _field(app) for app in {agent.app for agent in agents}}
        self._apps = [fields[agent.app] for agent in agents]
        self._namers = {day.isoformat(): _Namer(known.days, day, texts) for day in known.days}

    def line(self, row: Sequence[Any], by_hour: str) -> str:
        """Return the line."""
        day, episode, client, agent, country, _, facts = row
        return (
            f"{day}\t{self._episodes[episode]}\t{self._namers[day].names(client, agent)}\t{facts}\t"
            f"{country_of(country)}\t{self._apps[agent]}\t{by_hour}\n"
        )


class _Namer:
    """Names the listeners of a day, and where its window rolls, as the day before names them."""

    def __init__(self, days: Mapping[date, Day], day: date, texts: Sequence[str]) -> None:
        before = days.get(day - timedelta(days=1))
        self._today = namer(days[day].key)
        rolls = days[day].window != "calendar"
        self._yesterday = namer(before.key) if rolls and before else None
        self._texts = texts

    def names(self, client: str, agent: int) -> str:
        """Return both as fields."""
        text = self._texts[agent]
        yesterday = _NULL if self._yesterday is None else self._yesterday(client, text)
        return f"{self._today(client, text)}\t{yesterday}"


def _hours(workspace: Workspace, rows: Sequence[Any]) -> dict[_Key, str]:
    """Return requests at each hour of the day, for rows of listeners with several hours."""
    if not rows:
        return {}
    columns = {"day": "VARCHAR", "episode": "INTEGER", "client": "VARCHAR", "agent": "INTEGER"}
    keys = [row[:4] for row in rows]
    workspace.table("spread", columns, keys)
    hours: dict[_Key, list[int]] = {key: [0] * 24 for key in keys}
    for day, episode, client, agent, hour, requests in workspace.rows(statement("by_hour")):
        hours[day, episode, client, agent][hour] = requests
    return {key: f"{{{','.join(map(str, counts))}}}" for key, counts in hours.items()}


def _field(text: str) -> str:
    """Return a text as a field of COPY."""
    return text.translate(_NOT_IN_A_FIELD)
