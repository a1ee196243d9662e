"""Which logs are followed: of every container that the settings want, from its start to its end."""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Literal, Protocol
from urllib.parse import quote

from exporters.core.errors import SourceError
from exporters.core.exporter import Health
from exporters.docker import Inventory
from exporters.docker.model import Container, Event, identity
from exporters.logs.editing import Origin
from exporters.logs.follower import Follower, Means, cursor_key
from exporters.logs.metrics import LogsMetrics
from exporters.logs.reading import Work

log = logging.getLogger(__name__)

LABEL = "nearfield.logs"
_VERSION = "org.opencontainers.image.version"
_TAG = re.compile(r":([\w.-]{1,64})(?:@|\Z)")
_PATIENCE = 3
"""Failures in a row before a log is said not to be readable, while the engine answers."""

Wanted = Literal["all", "labelled", "none"]


class Cursors(Protocol):
    """Who keeps how far each log was read."""

    def cursors(self) -> Mapping[str, str]:
        """Return the cursors by their keys."""


def version(image: str, labels: Mapping[str, str]) -> str:
    """Return which version a container runs, by its image's label or tag; empty if none tells."""
    if found := labels.get(_VERSION):
        return found[:64]
    tag = _TAG.search(image)
    return tag[1] if tag and tag[1] != "latest" else ""


class Followers:
    """One follower a container: a service, an observer of the inventory, a source."""

    name = "logs/containers"

    def __init__(
        self,
        inventory: Inventory,
        wanted: Wanted,
        work: Callable[[Origin], Work],
        means: Means,
        cursors: Cursors,
        metrics: LogsMetrics,
    ) -> None:
        self._inventory, self._wanted, self._work = inventory, wanted, work
        self._means, self._cursors, self._metrics = means, cursors, metrics
        self._followers: dict[str, Follower] = {}
        self._new: list[Follower] = []
        self._more = asyncio.Event()

    def changed(self, before: Container | None, after: Container | None) -> None:
        """See `Observer`."""
        if after:
            if after.state != "created" and self._wants(after.labels):
                origin = Origin(
                    after.name, after.service, after.stack, version(after.image, after.labels)
                )
                self._heard(after.id, origin, running=after.running)
        elif before and (follower := self._followers.get(before.id)):
            follower.heard(running=False, gone=True)

    def happened(self, event: Event) -> None:
        """See `Observer`. To wait for an inspection might be too long for a short life."""
        if event.type != "container":
            return
        if event.action == "start" and self._wants(event.attributes):
            service, stack = identity(event.name, event.attributes)
            image = event.attributes.get("image", "")
            origin = Origin(event.name, service, stack, version(image, event.attributes))
            self._heard(event.id, origin, running=True)
        elif event.action == "destroy" and (follower := self._followers.get(event.id)):
            follower.heard(running=False, gone=True)

    def _wants(self, labels: Mapping[str, str]) -> bool:
        label = labels.get(LABEL, "").lower()
        if self._wanted == "labelled":
            return label in {"on", "true", "yes"}
        return self._wanted == "all" and label not in {"off", "false", "no"}

    def _heard(self, key: str, origin: Origin, *, running: bool) -> None:
        follower = self._followers.get(key)
        if not follower:
            self._metrics.introduce(origin.service, origin.stack)
            cursor = self._cursors.cursors().get(cursor_key(key))
            follower = Follower(key, self._work(origin), cursor, self._means)
            self._followers[key] = follower
            self._new.append(follower)
            self._more.set()
        elif follower.work.origin != origin:
            follower.work = self._work(origin)
        follower.heard(running=running)

    async def run(self) -> None:
        """Follow until cancelled; what is there at the start is begun together."""
        await self._inventory.answers.wait()
        await self._forget()
        async with asyncio.TaskGroup() as group:
            while True:
                new, self._new = self._new, []
                for follower in new:
                    group.create_task(self._follow(follower), name=f"logs/{follower.key[:12]}")
                self._more.clear()
                await self._more.wait()

    async def _forget(self) -> None:
        """Drop the cursors of containers that were removed while nobody looked."""
        prefix = cursor_key("")
        kept = (key.removeprefix(prefix) for key in self._cursors.cursors() if prefix in key)
        unknown = {*kept}.difference(self._inventory.containers, self._followers)
        for key in unknown:
            with suppress(SourceError):  # the next start asks again
                if await self._means.client.find(f"/containers/{quote(key)}/json") is None:
                    await self._means.sink.put((), {cursor_key(key): None})

    async def _follow(self, follower: Follower) -> None:
        try:
            await follower.run()
        finally:
            del self._followers[follower.key]
        if container := self._inventory.containers.get(follower.key):
            self.changed(None, container)

    def health(self) -> Health:
        """Return whether the logs that should be read can be."""
        followers = [*self._followers.values()]
        failing = [each.problem for each in followers if each.problem]
        reason = f"{len(failing)} of {len(followers)}: {failing[0]}" if failing else ""
        return Health("logs", fresh=not failing or len(failing) < len(followers), reason=reason)
