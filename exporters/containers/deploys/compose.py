"""What the containers of a Compose service mean for its deploys. Pure.

Compose has no notion of a deploy: it stops containers and makes others. The newest container's
image is where the service is going; it is there once all of them are well and no older one runs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporters.containers.deploys.images import describe
from exporters.containers.deploys.model import NONE, Look, Phase, Problem, Service
from exporters.docker.model import (
    COMPOSE_PROJECT,
    COMPOSE_SERVICE,
    STACK,
    SWARM_SERVICE,
    timestamp,
    well_formed,
)

_ONE_OFF = "com.docker.compose.oneoff"
_OUTPUT = 300
"""Characters of a health check's last words that are kept: the end, where the error is."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A Compose container, as `inspect` tells it. Times are Unix seconds, 0 for never."""

    id: str
    service: str
    project: str
    image: str
    image_id: str
    labels: Mapping[str, str]
    created: float
    started: float
    finished: float
    state: str
    exit_code: int
    restarts: int
    health: str
    """`starting`, `healthy`, `unhealthy`, or empty where nothing checks it."""
    output: str
    """What its last health check said."""
    oom_killed: bool = False

    @property
    def running(self) -> bool:
        """Whether it does its work."""
        return self.state in {"running", "paused"}


def is_ours(labels: Mapping[str, str]) -> bool:
    """Whether a container is one of a Compose service: neither Swarm's nor `compose run`'s."""
    return (
        bool(labels.get(COMPOSE_SERVICE))
        and SWARM_SERVICE not in labels
        and STACK not in labels
        and labels.get(_ONE_OFF, "False").lower() != "true"
    )


@well_formed
def parse_detail(answer: Mapping[str, Any]) -> Detail:
    """Return the container of `GET /containers/{id}/json`."""
    state, config = answer["State"], answer["Config"]
    labels = {str(key): str(value) for key, value in (config.get("Labels") or {}).items()}
    health = state.get("Health") or {}
    status = str(health.get("Status", ""))
    return Detail(
        id=str(answer["Id"]),
        service=labels.get(COMPOSE_SERVICE, ""),
        project=labels.get(COMPOSE_PROJECT, ""),
        image=str(config.get("Image", "")),
        image_id=str(answer["Image"]),
        labels=labels,
        created=timestamp(answer["Created"]),
        started=timestamp(state.get("StartedAt", "")),
        finished=timestamp(state.get("FinishedAt", "")),
        state=str(state["Status"]),
        exit_code=int(state.get("ExitCode", 0)),
        restarts=int(answer.get("RestartCount", 0)),
        health="" if status == "none" else status,
        output=last_output(health),
        oom_killed=bool(state.get("OOMKilled")),
    )


def last_output(health: Mapping[str, Any]) -> str:
    """Return the end of what the last health check of an inspection wrote, on one line.

    A check that was under way as its container stopped wrote nothing: one before it counts.
    """
    written = [" ".join(str(each.get("Output", "")).split()) for each in health.get("Log") or ()]
    text = next((each for each in reversed(written) if each), "")
    return text if len(text) <= _OUTPUT else "…" + text[-_OUTPUT:]


def looks(
    details: Iterable[Detail], engine: str, now: float, settle: float, deployer_label: str
) -> tuple[Look, ...]:
    """Return one look for every Compose service among these containers of one engine."""
    services: dict[tuple[str, str], list[Detail]] = {}
    for each in details:
        services.setdefault((each.project, each.service), []).append(each)
    return tuple(
        _look(containers, engine, now, settle, deployer_label) for containers in services.values()
    )


def _look(
    containers: Sequence[Detail], engine: str, now: float, settle: float, deployer_label: str
) -> Look:
    newest = max(containers, key=lambda each: each.created)
    new = [each for each in containers if _image(each) == _image(newest)]
    old_runs = any(each.running for each in containers if _image(each) != _image(newest))
    ill = [each for each in new if _is_ill(each)]
    began = min(each.created for each in new)
    phase, ended = Phase.GOING, 0.0
    if ill:
        phase, ended = Phase.FAILED, max(each.finished for each in ill)
    elif not old_runs and all(_is_well(each, now, settle) for each in new):
        phase, ended = Phase.COMPLETED, max(_well_at(each, now, settle) for each in new)
    return Look(
        service=Service(
            f"{engine}/{newest.project}/{newest.service}", newest.service, newest.project
        ),
        release=describe(newest.image, newest.image_id, newest.labels, deployer_label),
        phase=phase,
        attempt=f"{newest.image_id[:19]}@{began:.6f}",
        began=began,
        ended=ended if began <= ended <= now else 0.0,
        exited_well=bool(ill) and all(_ended_well(each) for each in ill),
        problem=_problem(ill[0]) if ill else NONE,
    )


def _image(each: Detail) -> tuple[str, str]:
    return each.image, each.image_id


def _is_ill(each: Detail) -> bool:
    """Exited (also if Docker starts it again and again) or unhealthy."""
    down = each.state in {"exited", "dead", "restarting"}
    return down or each.restarts > 0 or each.health == "unhealthy"


def _ended_well(each: Detail) -> bool:
    return each.state == "exited" and each.exit_code == 0 and not each.restarts


def _is_well(each: Detail, now: float, settle: float) -> bool:
    if each.health:
        return each.running and each.health == "healthy"
    return each.running and now - each.started >= settle


def _well_at(each: Detail, now: float, settle: float) -> float:
    """When it was well; for a health check the moment at which we saw it."""
    return now if each.health else each.started + settle


def _problem(each: Detail) -> Problem:
    if each.oom_killed:
        text = "a container was out of memory"
    elif each.health == "unhealthy":
        text = "a container is unhealthy"
    elif each.state == "restarting" or each.restarts:
        text = "a container exits and is started again"
    else:
        text = "a container exited"
    exited = each.state in {"exited", "dead", "restarting"}
    return Problem(text, each.exit_code if exited else None, each.output)
