"""What the Docker engine says about containers, as frozen values; parsing without I/O."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

from exporters.core.errors import SourceMalformed

P = ParamSpec("P")
T = TypeVar("T")

SWARM_SERVICE = "com.docker.swarm.service.name"
SWARM_TASK = "com.docker.swarm.task.name"
STACK = "com.docker.stack.namespace"
COMPOSE_SERVICE = "com.docker.compose.service"
COMPOSE_PROJECT = "com.docker.compose.project"

STATES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")
HEALTHS = ("starting", "healthy", "unhealthy")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a container was given, 0 where there is no limit."""

    cpus: float
    """Cores, from `--cpus` or a quota over its period."""
    cpu_period: int
    """Microseconds."""
    cpu_shares: int
    memory: int
    """Bytes; so are the next two."""
    memory_swap: int
    """Memory and swap together."""
    memory_reservation: int
    pids: int


@dataclass(frozen=True, slots=True)
class Container:
    """One container as `inspect` describes it. Times are Unix seconds, 0 for never."""

    id: str
    name: str
    image: str
    service: str
    stack: str
    labels: Mapping[str, str]
    state: str
    health: str
    """`starting`, `healthy`, `unhealthy`, or empty where nothing checks it."""
    pid: int
    """On the host; 0 where it does not run."""
    created_at: float
    started_at: float
    finished_at: float
    exit_code: int
    oom_killed: bool
    restart_count: int
    network: str
    """Docker's network mode: `bridge`, `host`, `container:…`, a network's name."""
    cgroup_parent: str
    limits: Limits

    @property
    def running(self) -> bool:
        """Whether it has processes, if only paused ones."""
        return self.pid > 0 and self.state in {"running", "paused"}


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the listing: enough to see whether a container has to be looked at again."""

    id: str
    name: str
    state: str
    status: str
    """For people: `Up 3 seconds (healthy)`."""


def identity(name: str, labels: Mapping[str, str]) -> tuple[str, str]:
    """Return service and stack: of Swarm, else of Compose, else the container's name and none."""
    if service := labels.get(SWARM_SERVICE):
        stack = labels.get(STACK, "")
        return (service.removeprefix(f"{stack}_") if stack else service) or service, stack
    if service := labels.get(COMPOSE_SERVICE):
        return service, labels.get(COMPOSE_PROJECT, "")
    return name, ""


def service_identity(spec: Mapping[str, Any]) -> tuple[str, str]:
    """Return service and stack for the `Spec` of a Swarm service, as its containers have them."""
    labels = {SWARM_SERVICE: spec["Name"], STACK: (spec.get("Labels") or {}).get(STACK, "")}
    return identity(spec["Name"], labels)


def well_formed(parse: Callable[P, T]) -> Callable[P, T]:
    """Make a parser raise SourceMalformed where something is missing or of another type."""

    def parsed(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return parse(*args, **kwargs)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise SourceMalformed("the Docker engine's answer lacks what we need") from error

    return parsed


@well_formed
def parse_container(answer: Mapping[str, Any]) -> Container:
    """Return the container of `GET /containers/{id}/json`."""
    state, config, host = answer["State"], answer["Config"], answer["HostConfig"]
    labels = {str(key): str(value) for key, value in (config.get("Labels") or {}).items()}
    name = answer["Name"].lstrip("/")
    service, stack = identity(name, labels)
    return Container(
        id=str(answer["Id"]),
        name=name,
        image=str(config.get("Image", "")),
        service=service,
        stack=stack,
        labels=labels,
        state=state["Status"],
        health=_health((state.get("Health") or {}).get("Status", "")),
        pid=int(state.get("Pid", 0)),
        created_at=timestamp(answer.get("Created", "")),
        started_at=timestamp(state.get("StartedAt", "")),
        finished_at=timestamp(state.get("FinishedAt", "")),
        exit_code=int(state.get("ExitCode", 0)),
        oom_killed=bool(state.get("OOMKilled")),
        restart_count=int(answer.get("RestartCount", 0)),
        network=str(host.get("NetworkMode", "")),
        cgroup_parent=str(host.get("CgroupParent", "")),
        limits=_limits(host),
    )


@well_formed
def parse_listing(answer: list[Mapping[str, Any]]) -> tuple[Listed, ...]:
    """Return the lines of `GET /containers/json?all=1`."""
    return tuple(
        Listed(each["Id"], _own_name(each["Names"] or [""]), each["State"], each["Status"])
        for each in answer
    )


def timestamp(text: str) -> float:
    """Return Unix seconds for an RFC 3339 time with up to nine decimals; 0 for the year 1."""
    if not text or text.startswith("0001-"):
        return 0.0
    whole, _, rest = text.partition(".")
    digits = rest.rstrip("Zz").partition("+")[0].partition("-")[0]
    offset = rest[len(digits) :] if rest else ""
    moment = datetime.fromisoformat(whole.rstrip("Zz") + offset.replace("Z", "+00:00"))
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return seconds + (float(f"0.{digits}") if digits else 0.0)


def _own_name(names: list[str]) -> str:
    """The name without the links that legacy networks add as further names, with more slashes."""
    return min(names, key=lambda name: name.count("/")).lstrip("/")


def _health(status: str) -> str:
    return status if status in HEALTHS else ""


def _limits(host: Mapping[str, Any]) -> Limits:
    def positive(key: str) -> int:
        return max(int(host.get(key) or 0), 0)

    period = positive("CpuPeriod") or 100_000
    cpus = positive("NanoCpus") / 1e9 or positive("CpuQuota") / period
    return Limits(
        cpus=cpus,
        cpu_period=period,
        cpu_shares=positive("CpuShares"),
        memory=positive("Memory"),
        memory_swap=positive("MemorySwap"),
        memory_reservation=positive("MemoryReservation"),
        pids=positive("PidsLimit"),
    )


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a container, a service or another object of the engine."""

    type: str
    action: str
    """`start`, `die`, `oom`, `health_status`; what follows a colon is in `detail`."""
    detail: str
    id: str
    attributes: Mapping[str, str]
    """For a container: its labels, `name`, `image`, and `exitCode` where it died."""
    time_ns: int

    @property
    def name(self) -> str:
        """The name of the object, empty where the event tells none."""
        return self.attributes.get("name", "")

    @property
    def time(self) -> float:
        """Unix seconds."""
        return self.time_ns / 1e9


def parse_event(line: bytes) -> Event:
    """Return the event of one line of `GET /events`; raises SourceMalformed."""
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SourceMalformed("an event of the Docker engine is no JSON") from error
    return _event(answer)


@well_formed
def _event(answer: Mapping[str, Any]) -> Event:
    action, _, detail = str(answer["Action"]).partition(":")
    actor = answer.get("Actor") or {}
    attributes = {str(key): str(value) for key, value in (actor.get("Attributes") or {}).items()}
    return Event(
        type=str(answer["Type"]),
        action=action,
        detail=detail.strip(),
        id=str(actor.get("ID", "")),
        attributes=attributes,
        time_ns=int(answer.get("timeNano") or int(answer.get("time", 0)) * 10**9),
    )
