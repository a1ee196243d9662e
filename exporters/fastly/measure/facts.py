"""What the lines add to the ledger: outcomes of requests, and what each listener got."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from exporters.fastly.agents import Classifier
from exporters.fastly.measure.model import Moment, Rules
from exporters.fastly.measure.names import client_of, names_of
from exporters.fastly.measure.networks import Networks
from exporters.fastly.measure.threshold import needed_bytes
from exporters.fastly.measure.workspace import Workspace, statement
from exporters.ledger.model import Day, Facts, HourSum, Known, OutcomeSum, Reader

_DAY = timedelta(days=1)
_KNOWN = {
    "podcast": "VARCHAR",
    "episode": "VARCHAR",
    "id": "INTEGER",
    "size": "BIGINT",
    "needed": "BIGINT",
}


def load(workspace: Workspace, rules: Rules, known: Known) -> None:
    """Make tables of what the ledger knows."""
    rows = [
        (e.podcast, e.episode, e.id, e.audio_bytes, needed_bytes(rules, e)) for e in known.episodes
    ]
    workspace.table("known", _KNOWN, rows)
    workspace.table("shows", {"podcast": "VARCHAR"}, [(show,) for show in known.shows])
    closed = ((day.isoformat(), podcast) for day, podcast in known.closed)
    workspace.table("closed", {"day": "DATE", "podcast": "VARCHAR"}, closed)
    feeds = {"feed": "VARCHAR", "podcast": "VARCHAR"}
    workspace.table("feeds", feeds, rules.feeds.items())


def classify(workspace: Workspace, classifier: Classifier, networks: Networks) -> None:
    """Make tables of the agents and addresses in `wanted`, each looked at once."""
    agents = [agent for (agent,) in workspace.rows("SELECT DISTINCT agent FROM wanted")]
    kinds = classifier(agents)
    workspace.table(
        "agents",
        {"number": "INTEGER", "agent": "VARCHAR", "app": "VARCHAR", "kind": "VARCHAR"},
        (
            (number, agent, _label(kind.app), kind.kind)
            for number, (agent, kind) in enumerate(zip(agents, kinds, strict=True))
        ),
    )
    found = workspace.rows(
        "SELECT DISTINCT address FROM wanted JOIN paths USING (path) WHERE podcast IS NOT NULL"
    )
    workspace.table(
        "clients",
        {"address": "VARCHAR", "client": "VARCHAR", "network": "VARCHAR"},
        ((address, client_of(address), networks.kind(address)) for (address,) in found),
    )


def facts(workspace: Workspace, known: Known, moment: Moment) -> Facts:
    """Return what the lines add to the ledger. Reads `wanted` and what `load`, `classify` made."""
    live_from = moment.live_from.astimezone(UTC).replace(tzinfo=None).isoformat()
    workspace.run(statement("audio"), {"live_from": live_from})
    workspace.run(statement("delivered"))
    rolling = any(day.window != "calendar" for day in known.days.values())
    workspace.run("SET VARIABLE rolling = $rolling", {"rolling": rolling})
    workspace.run(statement("touched"))
    _name(workspace, known.days)
    workspace.run(statement("additive"))
    return Facts(
        touched=[block for (block,) in workspace.rows(statement("copied"))],
        hours=[HourSum(_moment(hour), *rest) for hour, *rest in workspace.rows("FROM hour_sums")],
        outcomes=[
            OutcomeSum(_moment(hour), *rest) for hour, *rest in workspace.rows("FROM outcome_sums")
        ],
        delivered=dict(workspace.rows("FROM delivered_sums")),
        feeds={
            (podcast, app): n
            for podcast, app, n in workspace.rows(
                "SELECT podcast, app, count(*)::BIGINT FROM feed_requests"
                " WHERE began >= $live_from::TIMESTAMP GROUP BY ALL",
                {"live_from": live_from},
            )
        },
        readers=[
            Reader(podcast, app, reader, subscribers, _moment(seen))
            for podcast, app, reader, subscribers, seen in workspace.rows("FROM readers")
        ],
    )


def left_out(workspace: Workspace) -> int:
    """Return how many requests for audio came for a day that is closed for their show."""
    rows = workspace.rows(
        "SELECT count(*) FROM wanted JOIN paths USING (path) SEMI JOIN closed"
        " ON closed.podcast = paths.podcast AND closed.day = wanted.began::DATE"
    )
    return int(rows[0][0])


def _name(workspace: Workspace, days: Mapping[date, Day]) -> None:
    """Give everybody in `people` their name, and where a window rolls the one of yesterday."""
    people = workspace.rows(
        "SELECT people.number, day, client, agents.agent FROM people JOIN agents"
        " ON agents.number = people.agent"
    )
    workspace.table(
        "names",
        {"number": "BIGINT", "listener": "BIGINT", "yesterday": "BIGINT"},
        ((n, *_names(days, day, client, agent)) for n, day, client, agent in people),
    )


def _names(days: Mapping[date, Day], day: date, client: str, agent: str) -> Iterable[int | None]:
    today, before = days[day], days.get(day - _DAY)
    if today.window == "calendar" or before is None:
        return (*names_of((today.key,), client, agent), None)
    return names_of((today.key, before.key), client, agent)


def _label(app: str) -> str:
    """Return the name of an app as COPY's text can hold it."""
    return app.replace("\\", "/").replace("\t", " ").replace("\n", " ")


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
