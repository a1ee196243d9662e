"""Looks at services through the Docker engine: Swarm's from a manager, Compose's on every host."""

import json
import logging
from collections.abc import Callable, Mapping
from time import time
from typing import Any
from urllib.parse import quote

from exporters.containers.deploys.compose import Detail, is_ours, last_output, looks, parse_detail
from exporters.containers.deploys.images import Release, by_digest, describe
from exporters.containers.deploys.model import NONE, Look, Phase, Problem
from exporters.containers.deploys.settings import DeploysSettings
from exporters.containers.deploys.swarm import (
    Spec,
    SwarmService,
    Task,
    look,
    parse_services,
    parse_tasks,
)
from exporters.core.errors import SourceError, SourceMismatch, SourceRejected
from exporters.docker import Engine
from exporters.docker.model import Container, well_formed

log = logging.getLogger(__name__)

_ASK_AGAIN = 60.0
"""Seconds for which we believe that this engine lacks an image."""

_MOST_IMAGES = 2_000
_TROUBLE = frozenset((Phase.FAILED, Phase.ROLLING_BACK, Phase.ROLLED_BACK))


class DeploySource:
    """Reads every service; keeps what does not change: images, and containers that did not."""

    def __init__(
        self,
        engine: Engine,
        settings: DeploysSettings,
        clock: Callable[[], float] = time,
    ) -> None:
        self._client = engine.client
        self._inventory, self._node = engine.inventory, engine.node
        self._settings = settings
        self._clock = clock
        self._details: dict[str, tuple[Container, Detail]] = {}
        self._images: dict[str, tuple[float, Mapping[str, str]]] = {}
        self._troubles: dict[tuple[str, str, str], tuple[Problem, Release | None]] = {}
        self._refused = False

    async def read(self) -> tuple[Look, ...]:
        """Return one look at every service. Raises SourceError."""
        engine = await self._node.identify()
        return (*await self._swarm(), *await self._compose(engine.id))

    async def _compose(self, engine: str) -> tuple[Look, ...]:
        ours = [each for each in self._inventory.containers.values() if is_ours(each.labels)]
        self._details = {
            each.id: self._details[each.id] for each in ours if each.id in self._details
        }
        for container in ours:
            known = self._details.get(container.id)
            if known is None or known[0] != container:
                await self._inspect(container)
        return looks(
            (detail for _, detail in self._details.values()),
            engine,
            self._clock(),
            self._settings.settle,
            self._settings.deployer_label,
        )

    async def _inspect(self, container: Container) -> None:
        self._details.pop(container.id, None)
        try:
            answer = await self._client.find(f"/containers/{quote(container.id)}/json")
            if answer is not None:
                self._details[container.id] = (container, parse_detail(answer))
        except SourceError:
            await self._client.get("/version")  # does the engine fail, or only at this container?

    async def _swarm(self) -> tuple[Look, ...]:
        try:
            services = parse_services(await self._node.services())
        except (SourceRejected, SourceMismatch) as error:
            if not self._refused:
                log.warning("deploys of Swarm services are not seen: %s", error)
            self._refused = True
            return ()
        self._refused = False
        found = [await self._look(each) for each in services if each.spec.image]
        self._troubles = {
            key: trouble
            for key, trouble in self._troubles.items()
            if any(key[0] == each.service.id and key[1] == each.started for each in services)
        }
        return tuple(found)

    async def _look(self, service: SwarmService) -> Look:
        release = await self._release(service.spec)
        before = await self._release(service.previous) if service.previous else None
        problem, attempted = NONE, None
        if service.phase in _TROUBLE and not service.by_hand:
            problem, attempted = await self._trouble(service)
        return look(service, release, before, self._clock(), attempted, problem)

    async def _release(self, spec: Spec) -> Release:
        # The service's own labels go before those that its image brings.
        labels = {**await self._labels(spec.image), **spec.labels}
        return describe(spec.image, "", labels, self._settings.deployer_label)

    async def _labels(self, image: str) -> Mapping[str, str]:
        """The labels of an image, where this engine has it; asked for again where it has not."""
        now = self._clock()
        known = self._images.get(image)
        if known and (known[1] or now - known[0] < _ASK_AGAIN):
            return known[1]
        answer = await self._client.find(f"/images/{quote(by_digest(image), safe='/:@')}/json")
        if len(self._images) >= _MOST_IMAGES:
            self._images.clear()
        self._images[image] = (now, {} if answer is None else _parse_labels(answer))
        return self._images[image][1]

    async def _trouble(self, service: SwarmService) -> tuple[Problem, Release | None]:
        """What failed in an update, and which image it was that failed; asked once."""
        # A rollback's end has the reason of its beginning, when the engine still named the task.
        rolls = service.phase in {Phase.ROLLING_BACK, Phase.ROLLED_BACK}
        key = (service.service.id, service.started, "rolls" if rolls else service.state)
        if key not in self._troubles:
            self._troubles[key] = await self._ask_tasks(service)
        return self._troubles[key]

    async def _ask_tasks(self, service: SwarmService) -> tuple[Problem, Release | None]:
        filters = json.dumps({"service": [service.service.id]})
        try:
            tasks = parse_tasks(await self._client.get("/tasks", {"filters": filters}))
        except (SourceRejected, SourceMismatch):
            return NONE, None
        culprit = _culprit(service, tasks)
        if culprit is None:
            return NONE, None
        output = await self._output(culprit.container)
        attempted = await self._release(Spec(culprit.image, service.spec.labels))
        return culprit.problem(output), attempted

    async def _output(self, container: str) -> str:
        """The last words of a container's health check, if it was one of this host's."""
        if not container:
            return ""
        try:
            answer = await self._client.find(f"/containers/{quote(container)}/json")
        except SourceError:
            return ""
        return _parse_output(answer) if answer else ""


def _culprit(service: SwarmService, tasks: tuple[Task, ...]) -> Task | None:
    """The task that the engine names; else the newest that failed, of an image that is not back."""
    by_id = {task.id: task for task in tasks}
    if service.culprit in by_id:
        return by_id[service.culprit]
    back = service.phase is not Phase.FAILED
    failed = (t for t in tasks if t.failed and not (back and t.image == service.spec.image))
    return next(failed, None)


@well_formed
def _parse_labels(image: Mapping[str, Any]) -> Mapping[str, str]:
    labels = (image.get("Config") or {}).get("Labels") or {}
    return {str(key): str(value) for key, value in labels.items()}


@well_formed
def _parse_output(container: Mapping[str, Any]) -> str:
    return last_output(container["State"].get("Health") or {})
