"""Runs the channels: one for each service, started and stopped as services come and go."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from exporters.core.poller import Pace, Poller
from exporters.core.telemetry import Telemetry
from exporters.fastly.api import FastlyApi
from exporters.fastly.realtime.account import Account
from exporters.fastly.realtime.channel import EXPORTER, ServiceChannel
from exporters.fastly.realtime.model import Channel, Service
from exporters.fastly.realtime.statistics import Statistics

log = logging.getLogger(__name__)

_MOST = 500
"""Services that are read; each holds a connection."""

INTERVAL = 60.0
"""Seconds between two looks at the account's services."""


@dataclass(frozen=True, slots=True)
class _Running:
    channel: ServiceChannel
    task: asyncio.Task[None]


class Services:
    """Reads the channel of every service that is wanted; `poller` reads which there are.

    A service that is gone leaves no series behind. A channel's bug ends the process.
    """

    name = f"{EXPORTER}/channels"

    def __init__(
        self,
        account: Account,
        api: FastlyApi,
        chosen: tuple[str, ...],
        statistics: Statistics,
        telemetry: Telemetry,
        interval: float = INTERVAL,
    ) -> None:
        self._account = account
        self._api = api
        self._chosen = chosen
        self._statistics = statistics
        self._telemetry = telemetry
        self._wanted: dict[str, Service] = {}
        self._running: dict[str, _Running] = {}
        self._changed = asyncio.Event()
        self._too_many = False
        self.poller = Poller(EXPORTER, "services", self.read, Pace.every(interval), telemetry)

    async def read(self) -> Mapping[str, Service]:
        """Return what is wanted of the services that there are. Raises SourceError."""
        found = {service.id: service for service in await self._account.services()}
        if self._chosen:
            # One that the token does not see is asked for all the same: its errors say so.
            found = {id_: found.get(id_, Service(id_, id_, "")) for id_ in self._chosen}
        if len(found) > _MOST and not self._too_many:
            self._too_many = True
            log.warning("only %d services are read: name them in fastly.realtime", _MOST)
        self._wanted = dict(list(found.items())[:_MOST])
        self._changed.set()
        return self._wanted

    async def run(self) -> None:
        """Run what is wanted until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._changed.wait()
                self._changed.clear()
                wanted = self._wanted
                await self._stop(wanted)
                for service in wanted.values():
                    self._statistics.introduce(service)
                    if service.id in self._running:
                        self._running[service.id].channel.service = service
                    else:
                        self._running[service.id] = self._start(group, service)

    def channels(self) -> tuple[Poller[Channel], ...]:
        """Return the pollers of the channels that run now."""
        return tuple(running.channel.poller for running in self._running.values())

    def _start(self, group: asyncio.TaskGroup, service: Service) -> _Running:
        channel = ServiceChannel(self._api, service, self._statistics, self._telemetry)
        poller = channel.poller
        return _Running(channel, group.create_task(poller.run(), name=poller.name))

    async def _stop(self, wanted: Mapping[str, Service]) -> None:
        ending = [id_ for id_ in self._running if id_ not in wanted]
        for id_ in ending:
            self._running[id_].task.cancel()
        if ending:
            await asyncio.wait([self._running[id_].task for id_ in ending])
        for id_ in ending:
            self._statistics.forget(self._running.pop(id_).channel.service)
            self._telemetry.forget(EXPORTER, id_)
