"""Which containers there are: a listing every half minute, and events for what happens between.

    subscribe → list → inspect what is new or different → follow events → inspect what they name
        ↑____________________ the stream broke: wait, and from the start ____|

An event is applied at once as far as it goes (a container that died has no processes) and asks for
an inspection. Events may be lost, late or come twice: the listing finds what they did not tell.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol
from urllib.parse import quote

from exporters.core.backoff import Backoff
from exporters.core.errors import SourceError
from exporters.core.exporter import Health
from exporters.core.poller import Pace, Poller
from exporters.core.telemetry import Telemetry
from exporters.docker.client import DockerClient
from exporters.docker.events import events
from exporters.docker.model import (
    Container,
    Event,
    Listed,
    parse_container,
    parse_listing,
)

log = logging.getLogger(__name__)

PACE = Pace(interval=30.0, deadline=25.0, max_age=150.0)
_AT_ONCE = 8
"""Inspections in flight: an engine of many containers has other users."""

_TELLING = frozenset(
    (
        *("create", "start", "die", "restart", "pause", "unpause", "rename", "destroy"),
        *("stop", "health_status", "update", "oom"),
    )
)
"""Actions that change what `inspect` says; health checks alone make others every few seconds."""


class Observer(Protocol):
    """Somebody who wants to know what happens to containers. Neither call may block or raise."""

    def changed(self, before: Container | None, after: Container | None) -> None:
        """A container came (`before` is None), went (`after` is None), or is another now."""

    def happened(self, event: Event) -> None:
        """The engine told of an event of a container; it may come twice or never."""


class Inventory:
    """Keeps every container of one engine, stopped ones too; a service and a source."""

    name = "docker/events"

    def __init__(
        self,
        client: DockerClient,
        telemetry: Telemetry,
        *,
        pace: Pace = PACE,
        backoff: Backoff = Backoff(initial=0.5, limit=15.0),  # noqa: B008 - frozen
    ) -> None:
        self._client = client
        self._telemetry = telemetry
        self._backoff = backoff
        self._containers: dict[str, Container] = {}
        self._listed: dict[str, Listed] = {}
        self._observers: list[Observer] = []
        self._asked: set[str] = set()
        self._broken: set[str] = set()
        """Containers whose last inspection failed."""
        self._wake = asyncio.Event()
        self._relist = asyncio.Event()
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._last: Event | None = None
        self.answers = asyncio.Event()
        """Set while the last listing worked: for those who have more to ask of the engine."""
        self.poller = Poller("docker", "containers", self.reconcile, pace, telemetry)
        telemetry.introduce("docker", "events")

    @property
    def containers(self) -> Mapping[str, Container]:
        """Every container by its id, as last heard; a view that changes with the engine."""
        return MappingProxyType(self._containers)

    @property
    def fresh(self) -> bool:
        """Whether a listing has lately been compared with what we hold."""
        return self.poller.snapshot is not None

    def health(self) -> Health:
        """Return the health of the listing."""
        return self.poller.health()

    def watch(self, observer: Observer) -> None:
        """Tell an observer of every change from now on; called before anything runs."""
        self._observers.append(observer)

    def look_again(self, ids: Iterable[str]) -> None:
        """Ask for an inspection of these containers: somebody saw that they are not as we say."""
        self._asked.update(ids)
        if self._asked:
            self._wake.set()

    async def run(self) -> None:
        """Follow the engine until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(), name="docker/follow")
            group.create_task(self._list_again(), name="docker/list")
            group.create_task(self._answer(), name="docker/inspect")

    async def reconcile(self) -> int:
        """Compare with a listing, inspect what differs, and return how many containers there are.

        Raises SourceError where nothing can be listed, or nothing is known of all that is. One that
        the engine fails to inspect, each time anew, keeps the rest from nothing.
        """
        self.answers.clear()
        listed = {
            each.id: each
            for each in parse_listing(await self._client.get("/containers/json", {"all": "1"}))
        }
        different = [each.id for each in listed.values() if self._differs(each)]
        # One that the listing lacks may have come after it was made: looked at, not dropped.
        different += [key for key in self._containers if key not in listed]
        failed = await self._inspect_all(different)
        if failed and listed.keys().isdisjoint(self._containers):
            raise next(iter(failed.values()))
        self._broken.intersection_update(listed)
        self._listed = {
            key: each
            for key, each in listed.items()
            if key in self._containers and key not in failed
        }
        self.answers.set()
        return len(self._containers)

    def _differs(self, listed: Listed) -> bool:
        """Whether to inspect: new, of another state, or so young that it may have restarted."""
        known = self._listed.get(listed.id)
        container = self._containers.get(listed.id)
        if known is None or container is None or container.state != listed.state:
            return True
        young = "second" in listed.status or "a minute" in listed.status
        return young or known.name != listed.name or _health(known) != _health(listed)

    async def _follow(self) -> None:
        """Take the stream up again whenever it breaks: counted, and no alarm by itself.

        That there is no engine at all is for the listing to say.
        """
        failures = 0
        while True:
            try:
                async with AsyncExitStack() as stack:
                    with self._telemetry.poll("docker", "events"):
                        stream = await stack.enter_async_context(self._subscribed())
                    failures = 0
                    self._listed.clear()  # nobody told us what happened meanwhile: look at all
                    self._relist.set()
                    async for event in stream:
                        self._apply(event)
            except SourceError:
                failures += 1
                if failures == 1:
                    self._relist.set()  # to say at once whether the engine is gone
            await asyncio.sleep(self._backoff.delay(failures))

    def _subscribed(self) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        return events(self._client, since_ns=self._last.time_ns if self._last else 0)

    async def _list_again(self) -> None:
        while await self._relist.wait():
            self._relist.clear()
            await self.poller.poll()

    async def _answer(self) -> None:
        """Inspect what events asked for; what fails is tried once more, then by each listing."""
        while await self._wake.wait():
            self._wake.clear()
            asked, self._asked = self._asked, set()
            broken = frozenset(self._broken)
            if again := (await self._inspect_all(asked)).keys() - broken:
                await asyncio.sleep(self._backoff.delay(1))
                self.look_again(again)

    def _apply(self, event: Event) -> None:
        last, self._last = self._last, event
        if last == event:  # the first of a stream that was asked for since the last
            return
        for observer in self._observers:
            observer.happened(event)
        known = self._containers.get(event.id)
        if event.action == "destroy":
            self._put(event.id, None)
        elif event.action == "die" and known and known.state != "restarting":
            self._put(event.id, replace(known, state="exited", health="", pid=0))
        if event.action in _TELLING:
            self.look_again([event.id])

    async def _inspect_all(self, ids: Iterable[str]) -> Mapping[str, SourceError]:
        """Inspect these and return the errors of those that cannot be, said once of each."""
        keys = list(ids)
        errors = await asyncio.gather(*(self._inspect(key) for key in keys))
        failed = {key: error for key, error in zip(keys, errors, strict=True) if error}
        if new := failed.keys() - self._broken:
            error = failed[next(iter(new))]
            log.warning("%d containers could not be inspected: %s", len(new), error)
        self._broken = self._broken.difference(keys).union(failed)
        for key in failed:
            self._listed.pop(key, None)  # the next listing looks at it, whatever it says
        return failed

    async def _inspect(self, key: str) -> SourceError | None:
        try:
            async with self._turn:
                answer = await self._client.find(f"/containers/{quote(key)}/json")
            self._put(key, None if answer is None else parse_container(answer))
        except SourceError as error:
            return error
        return None

    def _put(self, key: str, container: Container | None) -> None:
        before = self._containers.get(key)
        if container is None:
            self._containers.pop(key, None)
            self._listed.pop(key, None)
        else:
            self._containers[key] = container
        if before != container:
            for observer in self._observers:
                observer.changed(before, container)


def _health(listed: Listed) -> str:
    """The word in brackets of `Up 3 minutes (unhealthy)`."""
    return listed.status.partition("(")[2]
