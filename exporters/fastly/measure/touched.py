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
_Line = tuple[str, int, int, str]
"""Day, episode, listener, text."""


def touched(
    workspace: Workspace,
    texts: Sequence[str],
    agents: Sequence[Agent],
    known: Known,
    needed: Mapping[int, int],
) -> list[str]:
    """Return blocks of lines, in the order in which the ledger takes its locks."""
    writer = _Writer(texts, agents, known, needed)
    rolling = any(day.window != "calendar" for day in known.days.values())
    lines: list[_Line] = []
    spread: list[Any] = []
    # One by one: as a list the rows of 150,000 listeners would take a third of all the memory.
    for row in workspace.each(statement("touched"), {"rolling": rolling}):
        if row[4][:_HOUR] == row[5][:_HOUR]:
            lines.append(writer.line(row, _NULL))
        else:
            spread.append(row)
    hours = _hours(workspace, spread)
    lines += [writer.line(row, hours[row[:4]]) for row in spread]
    lines.sort()
    texts_of_lines = (line for *_, line in lines)
    return ["".join(block) for block in iter(lambda: list(islice(texts_of_lines, _BLOCK)), [])]


class _Writer:
    """Writes a row of touched.sql as a line of COPY."""

    def __init__(
        self,
        texts: Sequence[str],
        agents: Sequence[Agent],
        known: Known,
        needed: Mapping[int, int],
    ) -> None:
        self._needed = needed
        self._sizes = {episode.id: episode.audio_bytes or _NULL for episode in known.episodes}
        self._apps = [_field(agent.app) for agent in agents]
        self._namers = {day.isoformat(): _Namer(known.days, day, texts) for day in known.days}

    def line(self, row: Sequence[Any], by_hour: str) -> _Line:
        """Return the line behind what lines are sorted by."""
        day, episode, client, agent, first_at, last_at, requests, live, *rest = row
        loose, ranges, country, touches = rest
        listener, yesterday = self._namers[day].name(client, agent)
        line = (
            f"{day}\t{episode}\t{listener}\t{yesterday}\t{first_at}\t{last_at}\t{requests}\t{live}\t"
            f"{loose or 0}\t{{{ranges or ''}}}\t{country_of(country)}\t{self._apps[agent]}\t"
            f"{self._sizes[episode]}\t{self._needed[episode]}\t{by_hour}\t"
            f"{_NULL if touches is None else f'{{{touches}}}'}\n"
        )
        return day, episode, listener, line


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
