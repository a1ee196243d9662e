"""The long poll of one service: where to go on, what was read before, how long to wait."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from exporters.core.backoff import Backoff
from exporters.core.errors import SourceError
from exporters.core.poller import Pace, Poller
from exporters.core.telemetry import Telemetry
from exporters.fastly.api import FastlyApi, RateLimited, TooLarge
from exporters.fastly.realtime.model import HISTORY, Channel, Service, parse_channel
from exporters.fastly.realtime.statistics import Statistics
from exporters.fastly.realtime.sums import Sums, add_up

EXPORTER = "realtime"
DEADLINE = 50.0
"""Seconds that one request may take: the API holds it until there is something to tell."""

_RETRY = 30.0
"""The longest wait after failures, and between two answers that nothing happens: a quarter of what
the API remembers, so that nothing is lost meanwhile."""

_RECENT = HISTORY - 20
"""Seconds after which we ask for all that is remembered instead of for what is new."""

_MANY = 300
"""Seconds times places that are added up in less time than others would notice."""

_PACE = Pace(
    interval=1.0, deadline=DEADLINE + 5, max_age=HISTORY + DEADLINE, backoff=Backoff(limit=_RETRY)
)


class ServiceChannel:
    """Reads one service's channel into the statistics; `poller` is its service and its source."""

    def __init__(
        self,
        api: FastlyApi,
        service: Service,
        statistics: Statistics,
        telemetry: Telemetry,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.service = service
        """Who it is, under the name and with the version that are known now."""
        self._api = api
        self._statistics = statistics
        self._sleep, self._clock = sleep, clock
        self._next = 0
        self._through = 0
        self._recorded = 0
        self._succeeded_at = 0.0
        self._idle = 0
        self._wait = 0.0
        self.poller = Poller(EXPORTER, service.id, self.read, _PACE, telemetry, sleep=self._nap)

    async def read(self) -> Channel:
        """Return the channel's next answer, once it is counted. Raises SourceError."""
        self._wait = 0.0
        place = self._place()
        try:
            body = (await self._api.get(f"/v1/channel/{self.service.id}/ts/{place}")).body
            answer = parse_channel(body)
        except SourceError as error:
            self._failed(error)
            raise
        if self._through and answer.timestamp:
            self._look_back(answer, place)
        sums = await self._sums(answer)
        self._statistics.add(self.service, answer, sums)
        self._go_on(answer)
        return answer

    def _place(self) -> str:
        """Where to go on: after what we have, or with all that is remembered after a long gap."""
        late = self._clock() - self._succeeded_at > _RECENT
        return "h" if self._next and late else str(self._next)

    async def _sums(self, answer: Channel) -> Sums:
        """Add up what was not counted yet: what is remembered overlaps what we have."""
        new = [second for second in answer.seconds if second.recorded > self._recorded]
        if sum(len(second.places) for second in new) > _MANY:
            return await asyncio.to_thread(add_up, new)
        return add_up(new)

    def _look_back(self, answer: Channel, place: str) -> None:
        """Count the seconds since the last answer that this one cannot tell of any more."""
        remembered = 1 if place == "0" else HISTORY
        missing = answer.timestamp - remembered - self._through
        if missing > 0:
            self._statistics.lose(self.service, missing)

    def _go_on(self, answer: Channel) -> None:
        if answer.seconds:
            last = answer.seconds[-1].recorded
            # One from the future must not have all that follows taken for old.
            self._recorded = max(self._recorded, min(last, answer.timestamp or last))
        # Never back to 0, which would mean the latest second only, and a gap before it.
        self._next = self._through = answer.timestamp or self._next
        self._succeeded_at = self._clock()
        self._idle = self._idle + 1 if answer.idle else 0
        if self._idle:
            self._wait = Backoff(limit=_RETRY).delay(self._idle)

    def _failed(self, error: SourceError) -> None:
        self._statistics.failed(self.service)
        if isinstance(error, RateLimited):
            self._wait = min(error.retry_after or 0.0, 2 * _RETRY)
        if isinstance(error, TooLarge):
            self._next = 0  # what waits will not get smaller: go on with what is now

    async def _nap(self, seconds: float) -> None:
        await self._sleep(max(seconds, self._wait))
