"""Requests for audio and feeds, joined with all that is known: the table `audio`."""

from collections.abc import Mapping, Sequence
from datetime import UTC

from exporters.fastly.agents import Agent
from exporters.fastly.measure.model import Moment
from exporters.fastly.measure.names import client_of
from exporters.fastly.measure.networks import Networks
from exporters.fastly.measure.survey import Found
from exporters.fastly.measure.workspace import Workspace, statement
from exporters.ledger.model import Episode, Known

_PATHS = {
    "path": "VARCHAR",
    "podcast": "VARCHAR",
    "episode": "INTEGER",
    "size": "BIGINT",
    "is_feed": "BOOLEAN",
}
_AGENTS = {"agent": "VARCHAR", "number": "INTEGER", "kind": "VARCHAR"}
_CLIENTS = {"address": "VARCHAR", "client": "VARCHAR", "network": "VARCHAR"}


def join(
    workspace: Workspace,
    found: Found,
    agents: Sequence[Agent],
    networks: Networks,
    known: Known,
    moment: Moment,
) -> None:
    """Make the table `audio`; `agents` are those of `found`, in their order."""
    episodes = {(episode.podcast, episode.episode): episode for episode in known.episodes}
    workspace.table("paths", _PATHS, _paths(found, known.shows, episodes))
    workspace.table(
        "agents",
        _AGENTS,
        (
            (text, n, one.kind)
            for n, (text, one) in enumerate(zip(found.agents, agents, strict=True))
        ),
    )
    workspace.table(
        "clients",
        _CLIENTS,
        ((address, client_of(address), networks.kind(address)) for address in found.addresses),
    )
    live_from = moment.live_from.astimezone(UTC).replace(tzinfo=None)
    parameters = {
        "live_from": live_from.isoformat(),
        "closed": [f"{day} {podcast}" for day, podcast in known.closed],
    }
    workspace.run(statement("audio"), parameters)


def _paths(
    found: Found, shows: frozenset[str], episodes: Mapping[tuple[str, str], Episode]
) -> list[tuple[object, ...]]:
    """Return the paths of shows that have episodes; those of others are nobody's."""
    rows: list[tuple[object, ...]] = []
    for path, place in found.places.items():
        if place.podcast not in shows:
            continue
        episode = episodes.get((place.podcast, place.episode or ""))
        known = (episode.id, episode.audio_bytes) if episode else (None, None)
        rows.append((path, place.podcast, *known, place.episode is None))
    return rows
