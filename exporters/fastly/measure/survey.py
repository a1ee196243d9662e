"""What is in the lines, so that the ledger can be asked what it knows of it."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from exporters.fastly.measure.model import Survey
from exporters.fastly.measure.places import Place, Places
from exporters.fastly.measure.reading import rejects
from exporters.fastly.measure.workspace import Workspace, statement

_PATH, _AGENT, _ADDRESS = 0b011, 0b101, 0b110


@dataclass(frozen=True, slots=True)
class Found:
    """What requests for audio and feeds are about."""

    places: dict[str, Place]
    """Path to what it leads to."""
    agents: list[str]
    addresses: list[str]
    """Those that are not their own client."""
    survey: Survey


def survey(
    workspace: Workspace, places: Places, reasons: Counter[str | None], *, every_address: bool
) -> Found:
    """Return what is in the table `taken`."""
    rows = workspace.rows(statement("found"), {"every_address": every_address})
    found = {path: place for _, path, *_ in rows if path and (place := places.find(path))}
    visits: set[tuple[date, str]] = set()
    episodes: dict[tuple[str, str], bool] = {}
    for grouping, path, day, _, _, sound in rows:
        place = found.get(path) if grouping == _PATH else None
        if place and place.episode:
            visits.add((date.fromisoformat(day), place.podcast))
            pair = (place.podcast, place.episode)
            episodes[pair] = episodes.get(pair, False) or sound
    return Found(
        places=found,
        agents=[agent for grouping, _, _, agent, *_ in rows if grouping == _AGENT],
        addresses=[row[4] for row in rows if row[0] == _ADDRESS and row[4] is not None],
        survey=Survey(
            lines=reasons.total(),
            rejected={reason: n for reason, n in reasons.items() if reason is not None},
            rejects=rejects(workspace) if len(reasons) > 1 or None not in reasons else (),
            visits=frozenset(visits),
            episodes=episodes,
            shows=frozenset(place.podcast for place in found.values()),
        ),
    )
