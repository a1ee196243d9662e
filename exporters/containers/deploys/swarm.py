"""What the engine's answers about Swarm services and tasks mean for deploys. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporters.containers.deploys.images import Release
from exporters.containers.deploys.model import NONE, Look, Phase, Problem, Service
from exporters.docker.model import service_identity, timestamp, well_formed

_PHASES: Mapping[str, Phase] = {
    "updating": Phase.GOING,
    "completed": Phase.COMPLETED,
    "paused": Phase.FAILED,
    "rollback_started": Phase.ROLLING_BACK,
    "rollback_completed": Phase.ROLLED_BACK,
    "rollback_paused": Phase.FAILED,
}
_TASK = re.compile(r"of task ([a-z0-9]{20,30})\b")
_HAND = "manually requested rollback"

_UNTOLD = 30.0
"""Seconds after a change by which Swarm has begun its update, where there is anything to do."""

_FAILED_STATES = ("failed", "rejected", "orphaned")


@dataclass(frozen=True, slots=True)
class Spec:
    """One side of a change: an image reference and the labels that the service carries."""

    image: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SwarmService:
    """A service as `GET /services` describes it. Times are Unix seconds, 0 for none."""

    service: Service
    spec: Spec
    previous: Spec | None
    state: str
    """Of its last update; empty where there was none."""
    message: str
    started: str
    """As the engine wrote it: the one name that every manager knows this update by."""
    completed_at: float
    created_at: float
    updated_at: float
    desired: int

    @property
    def phase(self) -> Phase:
        """Where it stands; a service that was never updated has long arrived."""
        return _PHASES.get(self.state, Phase.COMPLETED)

    @property
    def by_hand(self) -> bool:
        """Whether somebody asked for the rollback that its last update is or was."""
        return self.message == _HAND

    @property
    def culprit(self) -> str:
        """Id of the task that stopped the update, where the engine names it."""
        found = _TASK.search(self.message)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Task:
    """A task that did not do well, or was stopped."""

    id: str
    image: str
    state: str
    at: float
    error: str
    exit_code: int | None
    container: str

    @property
    def failed(self) -> bool:
        """Whether it failed, rather than being stopped."""
        return self.state in _FAILED_STATES

    def problem(self, output: str = "") -> Problem:
        """What it says about the deploy that it was part of."""
        return Problem(self.error, self.exit_code, output)


@well_formed
def parse_services(answer: Sequence[Mapping[str, Any]]) -> tuple[SwarmService, ...]:
    """Return the services of `GET /services?status=true`."""
    return tuple(_service(each) for each in answer)


def _service(each: Mapping[str, Any]) -> SwarmService:
    spec, update = each["Spec"], each.get("UpdateStatus") or {}
    previous = each.get("PreviousSpec")
    name, stack = service_identity(spec)
    return SwarmService(
        service=Service(each["ID"], name, stack),
        spec=_spec(spec),
        previous=_spec(previous) if previous else None,
        state=str(update.get("State", "")),
        message=str(update.get("Message", "")),
        started=str(update.get("StartedAt", "")),
        completed_at=timestamp(update.get("CompletedAt", "")),
        created_at=timestamp(each.get("CreatedAt", "")),
        updated_at=timestamp(each.get("UpdatedAt", "")),
        desired=int((each.get("ServiceStatus") or {}).get("DesiredTasks", 1)),
    )


def _spec(spec: Mapping[str, Any]) -> Spec:
    # A plugin's or a network attachment's task has no container.
    container = (spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}
    labels = {**(spec.get("Labels") or {}), **(container.get("Labels") or {})}
    return Spec(
        str(container.get("Image", "")), {str(key): str(value) for key, value in labels.items()}
    )


@well_formed
def parse_tasks(answer: Sequence[Mapping[str, Any]]) -> tuple[Task, ...]:
    """Return the tasks of `GET /tasks`, the newest first."""
    return tuple(sorted((_task(each) for each in answer), key=lambda task: -task.at))


def _task(each: Mapping[str, Any]) -> Task:
    status = each["Status"]
    container = status.get("ContainerStatus") or {}
    error = " ".join(str(status.get("Err", "")).split()).removeprefix("task: ")
    return Task(
        id=str(each["ID"]),
        image=str((each["Spec"].get("ContainerSpec") or {}).get("Image", "")),
        state=str(status.get("State", "")),
        at=timestamp(status.get("Timestamp", "")),
        error=error[:300],
        # Docker has 0 for a container that never ran.
        exit_code=int(container.get("ExitCode", 0)) or None,
        container=str(container.get("ContainerID", "")),
    )


def look(
    of: SwarmService,
    release: Release,
    before: Release | None,
    now: float,
    attempted: Release | None = None,
    problem: Problem = NONE,
) -> Look:
    """Return what a service shows. In the moment before an update begins its name is not known."""
    attempt, began, phase = of.started, timestamp(of.started), of.phase
    if not of.state:
        settled = of.desired == 0 or now - of.updated_at > _UNTOLD
        attempt = _written(of.updated_at) if settled or not of.previous else ""
        began = of.updated_at if of.previous else of.created_at
    return Look(
        service=of.service,
        release=release,
        phase=phase,
        attempt=attempt,
        began=began,
        ended=of.completed_at or (began if not of.state else 0.0),
        before=before,
        attempted=attempted,
        by_hand=of.by_hand and phase in {Phase.ROLLING_BACK, Phase.ROLLED_BACK},
        problem=problem,
    )


def _written(seconds: float) -> str:
    return f"{seconds:.6f}"
